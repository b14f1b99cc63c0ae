// Opens a cosigned checkpoint with Go's own note library, and shares no code with the dam.
//
//	cosigned NOTE LOGKEY WITNESSKEY
//
// NOTE is the file of a checkpoint with a log's signature and a witness's cosignature (C2SP tlog-cosignature), LOGKEY
// and WITNESSKEY are their verifier keys. Prints the second at which the witness signed; exits 1 if either does not hold.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// witness verifies what the library does not know: signatures of type 4, dated.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
	time uint64
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.hash }

func (w *witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	w.time = binary.BigEndian.Uint64(sig)
	signed := append([]byte("cosignature/v1\ntime "+strconv.FormatUint(w.time, 10)+"\n"), msg...)
	return ed25519.Verify(w.key, signed, sig[8:])
}

func check(ok bool, what string) {
	if !ok {
		fmt.Fprintln(os.Stderr, what)
		os.Exit(1)
	}
}

func main() {
	parts := strings.SplitN(os.Args[3], "+", 3)
	check(len(parts) == 3, "witness key")
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	check(err == nil && len(raw) == 33 && raw[0] == 4, "witness key")
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), raw...))
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	check(err == nil && binary.BigEndian.Uint32(sum[:4]) == uint32(hash), "witness key")
	seen := &witness{name: parts[0], hash: uint32(hash), key: raw[1:]}
	log, err := note.NewVerifier(os.Args[2])
	check(err == nil, "log key")

	data, err := os.ReadFile(os.Args[1])
	check(err == nil, "note")
	opened, err := note.Open(data, note.VerifierList(log, seen))
	check(err == nil && len(opened.Sigs) == 2 && len(opened.UnverifiedSigs) == 0, fmt.Sprint("note: ", err))
	fmt.Println(seen.time)
}
