// Opens a cosigned checkpoint with Go's own note library, and shares no code with the dam.
//
//	cosigned NOTE LOGKEY WITNESSKEY
//
// NOTE is the file of a checkpoint with a log's signature and a witness's cosignature (C2SP tlog-cosignature), LOGKEY
// and WITNESSKEY are their verifier keys. Prints the second at which the witness signed; exits 1 if either does not hold.
package main

import (
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
)

func main() {
	seen, err := newWitness(os.Args[3])
	check(err, "witness key")
	log, err := note.NewVerifier(os.Args[2])
	check(err, "log key")
	data, err := os.ReadFile(os.Args[1])
	check(err, "note")
	opened, err := note.Open(data, note.VerifierList(log, seen))
	check(err, "note")
	if len(opened.Sigs) != 2 || len(opened.UnverifiedSigs) != 0 {
		check(fmt.Errorf("%d signatures hold, %d do not", len(opened.Sigs), len(opened.UnverifiedSigs)), "note")
	}
	fmt.Println(seen.time)
}
