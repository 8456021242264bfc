package ziprange

import (
	"encoding/binary"
	"fmt"
	"io"
)

// end is what a zip's end says of its directory, not yet held against anything.
type end struct {
	members, start, length uint64
	// at is where the records of the end begin.
	at int64
}

// findEnd reads the records that end a zip.
func findEnd(r io.ReaderAt, size int64) (end, error) {
	var tail []byte
	at := -1
	for _, n := range []int64{endSize, endSize + int64(max16)} {
		n = min(n, size)
		if int64(len(tail)) == n {
			break
		}
		tail = make([]byte, n)
		if err := readFull(r, tail, size-n); err != nil {
			return end{}, err
		}
		if at = endIn(tail); at >= 0 {
			break
		}
	}
	if at < 0 {
		return end{}, ErrNotZip
	}
	le, record := binary.LittleEndian, tail[at:]
	e := end{
		members: uint64(le.Uint16(record[10:])), length: uint64(le.Uint32(record[12:])),
		start: uint64(le.Uint32(record[16:])), at: size - int64(len(tail)) + int64(at),
	}
	large := e.members == uint64(max16) || e.length == max32 || e.start == max32
	disks := le.Uint16(record[4:]) != 0 || le.Uint16(record[6:]) != 0 || le.Uint16(record[8:]) != le.Uint16(record[10:])
	if disks && !large {
		return end{}, fmt.Errorf("%w: it has several volumes", ErrDamaged)
	}
	if !large {
		return e, nil
	}
	return e, e.zip64(r)
}

// endIn finds the end record in a zip's last bytes; -1 when it is not there.
// Its comment ends where they do: a wheel amid a tarball ends in one as well.
func endIn(tail []byte) int {
	le := binary.LittleEndian
	for at := len(tail) - endSize; at >= 0; at-- {
		if le.Uint32(tail[at:]) == endSign && at+endSize+int(le.Uint16(tail[at+20:])) == len(tail) {
			return at
		}
	}
	return -1
}

// zip64 takes the numbers from the zip64 records before the end, where there
// are any: 65,535 members need none.
func (e *end) zip64(r io.ReaderAt) error {
	le := binary.LittleEndian
	var locator [locatorSize]byte
	if e.at < locatorSize {
		return nil
	}
	if err := readFull(r, locator[:], e.at-locatorSize); err != nil {
		return err
	}
	if le.Uint32(locator[:]) != locatorSign {
		return nil
	}
	at := le.Uint64(locator[8:])
	if limit := e.at - locatorSize - end64Size; limit < 0 || at > uint64(limit) {
		return fmt.Errorf("%w: its zip64 record lies outside", ErrDamaged)
	}
	var record [end64Size]byte
	if err := readFull(r, record[:], int64(at)); err != nil {
		return err
	}
	if le.Uint32(record[:]) != end64Sign || le.Uint32(record[16:]) != 0 || le.Uint32(record[20:]) != 0 || le.Uint64(record[24:]) != le.Uint64(record[32:]) {
		return fmt.Errorf("%w: its zip64 record is none", ErrDamaged)
	}
	e.members, e.length, e.start, e.at = le.Uint64(record[32:]), le.Uint64(record[40:]), le.Uint64(record[48:]), int64(at)
	return nil
}

// entry reads the first record of a directory.
func entry(directory []byte) (m Member, rest []byte, err error) {
	le := binary.LittleEndian
	cut := fmt.Errorf("%w: one of its records is cut", ErrDamaged)
	if len(directory) < entrySize || le.Uint32(directory) != entrySign {
		return Member{}, nil, cut
	}
	name, extra := int(le.Uint16(directory[28:])), int(le.Uint16(directory[30:]))
	whole := entrySize + name + extra + int(le.Uint16(directory[32:]))
	if len(directory) < whole {
		return Member{}, nil, cut
	}
	flags := le.Uint16(directory[8:])
	m = Member{
		Name: string(directory[entrySize : entrySize+name]), Method: le.Uint16(directory[10:]),
		Encrypted: flags&flagEncrypted != 0,
	}
	numbers := [...]uint64{uint64(le.Uint32(directory[24:])), uint64(le.Uint32(directory[20:])), uint64(le.Uint32(directory[42:]))}
	if disk := le.Uint16(directory[34:]); disk != 0 && int(disk) != max16 {
		return Member{}, nil, fmt.Errorf("%w: it has several volumes", ErrDamaged)
	}
	large(&numbers, directory[entrySize+name:entrySize+name+extra])
	for _, n := range numbers {
		if n > 1<<62 {
			return Member{}, nil, fmt.Errorf("%w: member %.200q has a size beyond all bounds", ErrDamaged, m.Name)
		}
	}
	m.Size, m.Packed, m.Header = int64(numbers[0]), int64(numbers[1]), int64(numbers[2])
	return m, directory[whole:], nil
}

// large takes those of size, packed size and offset that do not fit 32 bits
// from the zip64 field of the extra ones. What has no such field stays as it
// is: too large for where it lies, mostly, and then refused.
func large(numbers *[3]uint64, extra []byte) {
	le := binary.LittleEndian
	for len(extra) >= 4 {
		kind, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			return
		}
		if field := extra[:n]; kind == extra64 {
			for i := range numbers {
				if numbers[i] == max32 && len(field) >= 8 {
					numbers[i], field = le.Uint64(field), field[8:]
				}
			}
			return
		}
		extra = extra[n:]
	}
}
