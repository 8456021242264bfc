package inflate

// header reads a block's header and makes its tables.
func (d *Decoder) header() error {
	h, err := d.take(3)
	if err != nil {
		return err
	}
	d.final = h&1 != 0
	switch h >> 1 {
	case 0:
		return d.storedHeader()
	case 1:
		d.fixedCodes()
	case 2:
		if err := d.dynamicCodes(); err != nil {
			return err
		}
	default:
		return ErrCorrupt
	}
	d.state = inCodes
	return nil
}

func (d *Decoder) storedHeader() error {
	d.drop(d.nbits & 7)
	n, err := d.take(16)
	if err != nil {
		return err
	}
	inverse, err := d.take(16)
	if err != nil {
		return err
	}
	if n^inverse != 0xffff {
		return ErrCorrupt
	}
	d.left, d.state = n, inStored
	return nil
}

// fixedCodes makes the tables of RFC 1951, 3.2.6.
func (d *Decoder) fixedCodes() {
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	build(d.lit[:], litBits, lengths[:], litEntry)
	for i := range 32 {
		lengths[i] = 5
	}
	build(d.dist[:], distBits, lengths[:32], distEntry)
}

// dynamicCodes reads the codes' lengths (RFC 1951, 3.2.7).
func (d *Decoder) dynamicCodes() error {
	counts, err := d.take(14)
	if err != nil {
		return err
	}
	lits, dists, codes := counts&31+257, counts>>5&31+1, counts>>10+4
	if lits > 286 || dists > 30 {
		return ErrCorrupt
	}
	var of [len(codeOrder)]uint8
	for _, symbol := range codeOrder[:codes] {
		n, err := d.take(3)
		if err != nil {
			return err
		}
		of[symbol] = uint8(n)
	}
	// The tables that are to be filled serve for this code first.
	if !build(d.lit[:], litBits, of[:], codeEntry) {
		return ErrCorrupt
	}
	lengths := d.lengths[:lits+dists]
	if err := d.codeLengths(lengths); err != nil {
		return err
	}
	if !build(d.lit[:], litBits, lengths[:lits], litEntry) || !build(d.dist[:], distBits, lengths[lits:], distEntry) {
		return ErrCorrupt
	}
	return nil
}

// codeLengths reads the lengths, which are run-length encoded.
func (d *Decoder) codeLengths(lengths []uint8) error {
	for i := 0; i < len(lengths); {
		e, err := d.symbol(d.lit[:], litBits)
		if err != nil {
			return err
		}
		symbol := uint8(e >> 16)
		if symbol < 16 {
			lengths[i] = symbol
			i++
			continue
		}
		value, least, extra := uint8(0), 3, uint(3)
		switch symbol {
		case 16:
			if i == 0 {
				return ErrCorrupt
			}
			value, extra = lengths[i-1], 2
		case 18:
			least, extra = 11, 7
		}
		more, err := d.take(extra)
		if err != nil {
			return err
		}
		if i+least+more > len(lengths) {
			return ErrCorrupt
		}
		for range least + more {
			lengths[i] = value
			i++
		}
	}
	return nil
}
