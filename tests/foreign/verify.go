// Checks a data dam's log with Go's own transparency log library, and shares no code with the dam.
//
//	verify DIR VKEY PROOFS
//
// DIR holds the log's static files (C2SP tlog-tiles), VKEY is the log's verifier key, PROOFS a JSON file of what the
// dam claims: {"inclusion": [{"index", "entry", "proof"}], "consistency": [{"old", "root", "proof"}]}, base64.
// Prints the size that it verified; exits 1 with a reason at the first thing that does not hold.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
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

func check(err error, what string) {
	if err != nil {
		fmt.Fprintln(os.Stderr, what+": "+err.Error())
		os.Exit(1)
	}
}

func hashes(raw [][]byte) []tlog.Hash {
	found := make([]tlog.Hash, len(raw))
	for i, one := range raw {
		if len(one) != tlog.HashSize {
			check(fmt.Errorf("%d bytes", len(one)), "hash")
		}
		copy(found[i][:], one)
	}
	return found
}

func hash(raw []byte) tlog.Hash { return hashes([][]byte{raw})[0] }

// path is the file of a tile, as C2SP writes it: Go's own paths name the height as well.
func path(level string, n int64, width int) string {
	groups := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		groups = fmt.Sprintf("x%03d/", n%1000) + groups
	}
	if width < 256 {
		groups += ".p/" + strconv.Itoa(width)
	}
	return filepath.Join("tile", level, groups)
}

// tiles is the folder.
type tiles struct{ dir string }

// entries reads every bundle of the log.
func (t tiles) entries(size int64) [][]byte {
	var found [][]byte
	for n := int64(0); n*256 < size; n++ {
		width := size - n*256
		if width > 256 {
			width = 256
		}
		data, err := os.ReadFile(filepath.Join(t.dir, path("entries", n, int(width))))
		check(err, "bundle")
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			if len(data) < 2+length {
				check(fmt.Errorf("torn"), "bundle")
			}
			found = append(found, data[2:2+length])
			data = data[2+length:]
		}
	}
	if int64(len(found)) != size {
		check(fmt.Errorf("%d entries, not %d", len(found), size), "bundle")
	}
	return found
}

func main() {
	dir, vkey := os.Args[1], os.Args[2]
	raw, err := os.ReadFile(os.Args[3])
	check(err, "proofs")
	var claimed claims
	check(json.Unmarshal(raw, &claimed), "proofs")

	// 1. the checkpoint is signed by the log's key
	verifier, err := note.NewVerifier(vkey)
	check(err, "vkey")
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	check(err, "checkpoint")
	opened, err := note.Open(signed, note.VerifierList(verifier))
	check(err, "checkpoint")
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err, "size")
	root, err := tlog.ParseHash(lines[2])
	check(err, "root")

	// 2. the tree that Go makes of the entries has the signed root, and every tile is the one that Go would write
	// (rebuilt, because tlog.TileHashReader, as Debian 12 has it, lets some tiles through without comparing them)
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = stored[index]
		}
		return found, nil
	})
	for i, entry := range (tiles{dir}).entries(size) {
		more, err := tlog.StoredHashes(int64(i), entry, reader)
		check(err, "bundle")
		stored = append(stored, more...)
	}
	made, err := tlog.TreeHash(size, reader)
	check(err, "bundle")
	if made != root {
		check(fmt.Errorf("the entries do not make the signed root"), "bundle")
	}
	for _, tile := range tlog.NewTiles(8, 0, size) {
		if tile.W < 256 && int64(tile.W) != size>>(8*uint(tile.L))%256 {
			continue // a narrower one, that only an older checkpoint needed
		}
		wanted, err := tlog.ReadTileData(tile, reader)
		check(err, "tile")
		found, err := os.ReadFile(filepath.Join(dir, path(strconv.Itoa(tile.L), tile.N, tile.W)))
		check(err, "tile")
		if !bytes.Equal(wanted, found) {
			check(fmt.Errorf("%s is not what its hashes make", tile.Path()), "tile")
		}
	}

	// 3. what the dam proves, Go believes; and Go's own proof from the tiles is the same
	for _, one := range claimed.Inclusion {
		check(tlog.CheckRecord(hashes(one.Proof), size, root, one.Index, tlog.RecordHash(one.Entry)), "inclusion")
		own, err := tlog.ProveRecord(size, one.Index, reader)
		check(err, "inclusion")
		if fmt.Sprint(own) != fmt.Sprint(tlog.RecordProof(hashes(one.Proof))) {
			check(fmt.Errorf("another proof than Go makes for %d", one.Index), "inclusion")
		}
	}
	for _, one := range claimed.Consistency {
		check(tlog.CheckTree(hashes(one.Proof), size, root, one.Old, hash(one.Root)), "consistency")
	}
	fmt.Println(size)
}
