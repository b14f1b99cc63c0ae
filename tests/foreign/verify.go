// Checks a data dam's log with Go's own transparency log library, and shares no code with the dam.
//
//	verify DIR VKEY PROOFS
//
// DIR holds the log's static files (C2SP tlog-tiles), VKEY is the log's verifier key, PROOFS a JSON file of what the
// dam claims: {"inclusion": [{"index", "entry", "proof"}], "consistency": [{"old", "root", "proof"}]}, base64.
// Prints the size that it verified; exits 1 with a reason at the first thing that does not hold.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/tlog"
)

type inclusion struct {
	Index int64    `json:"index"`
	Entry []byte   `json:"entry"`
	Proof [][]byte `json:"proof"`
}

type consistency struct {
	Old   int64    `json:"old"`
	Root  []byte   `json:"root"`
	Proof [][]byte `json:"proof"`
}

type claims struct {
	Inclusion   []inclusion   `json:"inclusion"`
	Consistency []consistency `json:"consistency"`
}

func main() {
	raw, err := os.ReadFile(os.Args[3])
	check(err, "proofs")
	var claimed claims
	check(json.Unmarshal(raw, &claimed), "proofs")
	held := openLog(os.Args[1], os.Args[2])

	// what the dam proves, Go believes; and Go's own proof from the tiles is the same
	for _, one := range claimed.Inclusion {
		check(tlog.CheckRecord(hashes(one.Proof), held.size, held.root, one.Index, tlog.RecordHash(one.Entry)), "inclusion")
		own, err := tlog.ProveRecord(held.size, one.Index, held.reader)
		check(err, "inclusion")
		if fmt.Sprint(own) != fmt.Sprint(tlog.RecordProof(hashes(one.Proof))) {
			check(fmt.Errorf("another proof than Go makes for %d", one.Index), "inclusion")
		}
	}
	for _, one := range claimed.Consistency {
		check(tlog.CheckTree(hashes(one.Proof), held.size, held.root, one.Old, hash(one.Root)), "consistency")
	}
	fmt.Println(held.size)
}
