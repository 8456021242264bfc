package provenance

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

const (
	// maxStatement is the most bytes of a statement, wrapped or not.
	maxStatement = 16 << 20
	// statementType is the payload's in the envelope.
	statementType = "application/vnd.in-toto+json"
)

// envelope is DSSE's, https://github.com/secure-systems-lab/dsse.
type envelope struct {
	PayloadType string              `json:"payloadType"`
	Payload     string              `json:"payload"`
	Signatures  []envelopeSignature `json:"signatures"`
}

type envelopeSignature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"`
}

// WrapStatement wraps a statement in a DSSE envelope, one line, signed by an
// ed25519 private key in PEM (PKCS #8). One that is wrapped already is wrapped
// anew. Code: bad-dsse-key (usage).
func WrapStatement(statement, key []byte) ([]byte, error) {
	private, err := privateDSSE(key)
	if err != nil {
		return nil, err
	}
	var old envelope
	if json.Unmarshal(statement, &old) == nil && old.PayloadType == statementType {
		if payload, err := base64.StdEncoding.DecodeString(old.Payload); err == nil {
			statement = payload
		}
	}
	public := sha256.Sum256(private.Public().(ed25519.PublicKey))
	return encodeJSON(envelope{
		PayloadType: statementType, Payload: base64.StdEncoding.EncodeToString(statement),
		Signatures: []envelopeSignature{{
			KeyID: hex.EncodeToString(public[:]),
			Sig:   base64.StdEncoding.EncodeToString(ed25519.Sign(private, preAuthentication(statement))),
		}},
	}, "")
}

// preAuthentication is what an envelope's signature is over.
func preAuthentication(payload []byte) []byte {
	return append(fmt.Appendf(nil, "DSSEv1 %d %s %d ", len(statementType), statementType, len(payload)), payload...)
}

// privateDSSE reads the key. No message repeats anything of it.
func privateDSSE(key []byte) (ed25519.PrivateKey, error) {
	if block, _ := pem.Decode(key); block != nil {
		if parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			if private, ok := parsed.(ed25519.PrivateKey); ok {
				return private, nil
			}
		}
	}
	return nil, fault.New(fault.Usage, "bad-dsse-key", "reading the key of trust.dsse-key: it is no private ed25519 key in PEM").
		WithHint("make one: openssl genpkey -algorithm ed25519 -out FILE")
}

// maxEnvelopeSignatures is the most signatures of an envelope that are looked at.
const maxEnvelopeSignatures = 16

// unwrap gives the statement in data, which may be wrapped, and whether it was.
// With a key, private or public, in PEM, it must be wrapped and signed by it.
func unwrap(data, key []byte) (payload []byte, wrapped bool, err error) {
	var e envelope
	if decodeJSON(data, &e, "") != nil || e.PayloadType == "" {
		if key != nil {
			return nil, false, errors.New("it is not wrapped in DSSE as attest and sign write it, and trust.dsse-key wants it so")
		}
		return data, false, nil
	}
	payload, err = base64.StdEncoding.Strict().DecodeString(e.Payload)
	switch {
	case e.PayloadType != statementType:
		return nil, true, fmt.Errorf("its payload is of the type %.80q", e.PayloadType)
	case err != nil:
		return nil, true, errors.New("its payload is not base64")
	case len(e.Signatures) == 0 || len(e.Signatures) > maxEnvelopeSignatures:
		return nil, true, fmt.Errorf("it has %d signatures", len(e.Signatures))
	case key == nil:
		return payload, true, nil
	}
	public, err := publicDSSE(key)
	if err != nil {
		return nil, true, err
	}
	for _, s := range e.Signatures {
		sig, err := base64.StdEncoding.Strict().DecodeString(s.Sig)
		if err == nil && ed25519.Verify(public, preAuthentication(payload), sig) {
			return payload, true, nil
		}
	}
	return nil, true, errors.New("the key of trust.dsse-key did not sign it as it is")
}

// publicDSSE reads the key that verifies.
func publicDSSE(key []byte) (ed25519.PublicKey, error) {
	if private, err := privateDSSE(key); err == nil {
		return private.Public().(ed25519.PublicKey), nil
	}
	if block, _ := pem.Decode(key); block != nil {
		if parsed, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
			if public, ok := parsed.(ed25519.PublicKey); ok {
				return public, nil
			}
		}
	}
	return nil, fault.New(fault.Usage, "bad-dsse-key", "reading the key of trust.dsse-key: it is no ed25519 key in PEM")
}
