package provenance

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The lines around an armored block (RFC 9580, 6.2).
const (
	armorBegin = "-----BEGIN PGP "
	armorEnd   = "-----END "
	armorTail  = "-----"
)

// armored is a block of ASCII armor.
type armored struct {
	kind string // "PGP SIGNATURE"
	body []byte
}

// nextBlock reads the next block, and gives what follows it. Before a block
// there may be blank lines alone: other text is easily taken for signed. Unlike
// most readers it wants the lines in their form and the checksum, where there
// is one, right. io.EOF: there is no further block.
func nextBlock(data []byte) (block armored, rest []byte, err error) {
	data = bytes.TrimLeft(data, " \t\r\n")
	if len(data) == 0 {
		return block, nil, io.EOF
	}
	line, data := cutLine(data)
	kind, ok := strings.CutPrefix(line, "-----BEGIN ")
	kind, ends := strings.CutSuffix(kind, armorTail)
	if !ok || !ends || !strings.HasPrefix(line, armorBegin) {
		return block, nil, errors.New("it does not begin with a line -----BEGIN PGP ...-----")
	}
	for { // headers, up to the blank line
		if len(data) == 0 {
			return block, nil, errArmorShort
		}
		if line, data = cutLine(data); line == "" {
			break
		}
		if !strings.Contains(line, ": ") && !strings.HasSuffix(line, ":") {
			return block, nil, errors.New("its armor has no blank line before the data")
		}
	}
	var text strings.Builder
	sum := ""
	for {
		if len(data) == 0 {
			return block, nil, errArmorShort
		}
		if line, data = cutLine(data); strings.HasPrefix(line, armorEnd) {
			break
		}
		switch {
		case sum != "":
			return block, nil, errors.New("its armor goes on after the checksum")
		case len(line) == 5 && line[0] == '=':
			sum = line[1:]
		case line == "" || len(line) > 76:
			return block, nil, errors.New("its armor has a line of a wrong length")
		default:
			text.WriteString(line)
		}
	}
	if line != armorEnd+kind+armorTail {
		return block, nil, errors.New("its armor does not end as it begins")
	}
	body, err := base64.StdEncoding.Strict().DecodeString(text.String())
	if err != nil {
		return block, nil, fmt.Errorf("its armor is damaged: %w", err)
	}
	if sum != "" && sum != checksum(body) {
		return block, nil, errors.New("its armor is damaged: the checksum is another")
	}
	return armored{kind, body}, data, nil
}

var errArmorShort = errors.New("its armor is cut short")

// cutLine gives the first line, without its end.
func cutLine(data []byte) (line string, rest []byte) {
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	return string(bytes.TrimRight(first, " \t\r")), rest
}

// checksum is the CRC-24 of RFC 9580, 6.1, in base 64.
func checksum(data []byte) string {
	crc := uint32(0xb704ce)
	for _, b := range data {
		crc ^= uint32(b) << 16
		for range 8 {
			if crc <<= 1; crc&0x1000000 != 0 {
				crc ^= 0x1864cfb
			}
		}
	}
	return base64.StdEncoding.EncodeToString([]byte{byte(crc >> 16), byte(crc >> 8), byte(crc)})
}
