package deflate

import "math/bits"

const (
	// The alphabets of RFC 1951, sections 3.2.5 and 3.2.7.
	literalCodes  = 286
	distanceCodes = 30
	lengthCodes   = 19
	endOfBlock    = 256
	// The longest code of the first two alphabets, and of the third.
	maxCodeBits       = 15
	maxLengthCodeBits = 7
	// fixedLiteralCodes counts two that never occur, but take part in the
	// fixed code (section 3.2.6).
	fixedLiteralCodes = 288
)

// code is one Huffman code, its first bit lowest, as it is written.
type code struct {
	bits uint16
	// size is how many bits it has; 0 for a symbol that does not occur.
	size uint8
}

// tree is the code of one alphabet in one block (RFC 1951, section 3.2.2). Of
// all codes with the fewest bits, encoders pick different ones; this is built
// as gzip and zlib both do.
type tree struct {
	// count is how often each symbol occurs. Building may set one that is 0
	// to 1: see twoAtLeast.
	count [literalCodes]uint32
	codes [literalCodes]code
	// used is the number of symbols up to the last that has a code.
	used int

	// size is the alphabet's; longest the most bits a code may have.
	size    int
	longest int
	// extra is how many bits follow each symbol, from symbol extraFrom on.
	extra     []uint8
	extraFrom int
	// fixed is the fixed code of the alphabet; nil when it has none.
	fixed []code
}

// cost is how many bits the symbols of a block take: with the block's own code,
// and with the fixed one.
type cost struct{ own, fixed int }

// add adds d to c.
func (c *cost) add(d cost) { c.own += d.own; c.fixed += d.fixed }

// clear forgets all counts.
func (t *tree) clear() { clear(t.count[:t.size]) }

// heap is Huffman's algorithm at work: the nodes that have no parent yet, the
// lightest on top.
type heap struct {
	// nodes[1:n+1] is the heap; nodes[top:] are those taken off it, the last
	// taken first.
	nodes  [2*literalCodes + 1]uint16
	n, top int
	// weight is each node's count, and below it (in the lowest 8 bits) its
	// height: of equally heavy nodes the lower one is lighter.
	weight [2 * literalCodes]uint32
	parent [2 * literalCodes]uint16
}

// sift moves the node at i down to its place.
func (h *heap) sift(i int) {
	node := h.nodes[i]
	for child := 2 * i; child <= h.n; child = 2 * i {
		if child < h.n && h.weight[h.nodes[child+1]] <= h.weight[h.nodes[child]] {
			child++
		}
		if h.weight[node] <= h.weight[h.nodes[child]] {
			break
		}
		h.nodes[i] = h.nodes[child]
		i = child
	}
	h.nodes[i] = node
}

// take moves a node to those taken off.
func (h *heap) take(node uint16) {
	h.top--
	h.nodes[h.top] = node
}

// join puts a and b, the lightest two, under a new node, which replaces b at
// the heap's top.
func (h *heap) join(a, b, node uint16) {
	h.take(a)
	h.take(b)
	height := max(h.weight[a]&0xff, h.weight[b]&0xff) + 1
	h.weight[node] = h.weight[a]&^0xff + h.weight[b]&^0xff + height
	h.parent[a], h.parent[b] = node, node
	h.nodes[1] = node
	h.sift(1)
}

// build makes the codes from the counts, and gives what the block's symbols
// cost.
func (t *tree) build() cost {
	h := heap{top: 2*t.size + 1}
	t.used = 0
	for symbol, count := range t.count[:t.size] {
		t.codes[symbol] = code{}
		if count > 0 {
			h.n++
			h.nodes[h.n] = uint16(symbol)
			h.weight[symbol] = count << 8
			t.used = symbol + 1
		}
	}
	spent := t.twoAtLeast(&h)
	for i := h.n / 2; i >= 1; i-- {
		h.sift(i)
	}
	for node := uint16(t.size); h.n >= 2; node++ {
		lightest := h.nodes[1]
		h.nodes[1] = h.nodes[h.n]
		h.n--
		h.sift(1)
		h.join(lightest, h.nodes[1], node)
	}
	h.take(h.nodes[1])

	ofSize := t.measure(&h)
	assign(t.codes[:t.used], ofSize)
	spent.add(t.price())
	return spent
}

// twoAtLeast adds symbols until there are two: the format has no code with
// fewer, and no code has zero bits. It gives what must be taken off the cost,
// as they do not occur.
func (t *tree) twoAtLeast(h *heap) (back cost) {
	for h.n < 2 {
		symbol := 0
		if t.used < 3 {
			symbol = t.used
			t.used++
		}
		h.n++
		h.nodes[h.n] = uint16(symbol)
		h.weight[symbol] = 1 << 8
		t.count[symbol] = 1
		back.own--
		if t.fixed != nil {
			back.fixed -= int(t.fixed[symbol].size)
		}
	}
	return back
}

// measure sets the size of every symbol's code to its depth in the tree, and
// gives how many codes have each size. Codes that are too long are cut, and
// shorter ones made longer until the tree is whole again.
func (t *tree) measure(h *heap) (ofSize [maxCodeBits + 1]int) {
	var depth [2 * literalCodes]uint8
	taken := h.nodes[h.top : 2*t.size+1]
	cut := 0
	for _, node := range taken[1:] {
		d := int(depth[h.parent[node]]) + 1
		if d > t.longest {
			d = t.longest
			cut++
		}
		depth[node] = uint8(d)
		if int(node) < t.size {
			t.codes[node].size = uint8(d)
			ofSize[d]++
		}
	}
	if cut == 0 {
		return ofSize
	}
	for ; cut > 0; cut -= 2 {
		// A leaf of the greatest depth that has room below becomes a node,
		// over itself and one of those cut.
		d := t.longest - 1
		for ofSize[d] == 0 {
			d--
		}
		ofSize[d]--
		ofSize[d+1] += 2
		ofSize[t.longest]--
	}
	// The rarest symbols, which were taken first, get the longest codes.
	last := len(taken)
	for d := t.longest; d > 0; d-- {
		for n := ofSize[d]; n > 0; {
			last--
			if int(taken[last]) < t.size {
				t.codes[taken[last]].size = uint8(d)
				n--
			}
		}
	}
	return ofSize
}

// assign sets the bits of codes whose sizes are set; ofSize says how many have
// each size (RFC 1951, section 3.2.2).
func assign(codes []code, ofSize [maxCodeBits + 1]int) {
	var next [maxCodeBits + 2]uint16
	for size, n := range ofSize {
		next[size+1] = (next[size] + uint16(n)) << 1
	}
	// next[size+1] is where the codes of size+1 bits begin; no code has 0.
	for i := range codes {
		if size := codes[i].size; size > 0 {
			codes[i].bits = bits.Reverse16(next[size]) >> (16 - size)
			next[size]++
		}
	}
}

// price gives what the symbols with their extra bits cost.
func (t *tree) price() (sum cost) {
	for symbol, c := range t.codes[:t.used] {
		if c.size == 0 {
			continue
		}
		extra := 0
		if symbol >= t.extraFrom {
			extra = int(t.extra[symbol-t.extraFrom])
		}
		count := int(t.count[symbol])
		sum.own += count * (int(c.size) + extra)
		if t.fixed != nil {
			sum.fixed += count * (int(t.fixed[symbol].size) + extra)
		}
	}
	return sum
}
