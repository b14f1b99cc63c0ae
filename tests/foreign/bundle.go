// Checks an evidence bundle with Go's own transparency log library, and shares no code with the dam.
//
//	bundle BUNDLE VKEY...
//
// BUNDLE is the folder, VKEY the verifier keys of the logs that are trusted, former ones too. Checked are: every file against the
// manifest; every log whole, under its signed checkpoint; every cosignature; that each statement lies under its SHA-256
// and stands in its log; and each receipt's proof of inclusion, with Go's own proof beside it. Signatures of statements
// are for bundle.mjs, decisions for decisions.mjs. Prints a line for each log; exits 1 with a reason at the first thing
// that does not hold.
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type named struct {
	Files map[string]struct {
		Sha256 string `json:"sha256"`
		Size   int    `json:"size"`
	} `json:"files"`
}

type envelope struct {
	Payload string `json:"payload"`
}

type receipt struct {
	Statement  envelope `json:"statement"`
	Index      int64    `json:"index"`
	Proof      [][]byte `json:"proof"`
	Checkpoint string   `json:"checkpoint"`
	Log        string   `json:"log"`
}

// digest is the id of the statement in an envelope.
func (e envelope) digest() string {
	payload, err := base64.RawURLEncoding.DecodeString(e.Payload)
	check(err, "statement")
	sum := sha256.Sum256(payload)
	return hex.EncodeToString(sum[:])
}

func must(held bool, what string, args ...any) {
	if !held {
		fmt.Fprintf(os.Stderr, what+"\n", args...)
		os.Exit(1)
	}
}

// manifest holds every file against its digest; no file is missing and none is too many.
func manifest(dir string) {
	raw, err := os.ReadFile(filepath.Join(dir, "MANIFEST.json"))
	check(err, "manifest")
	var told named
	check(json.Unmarshal(raw, &told), "manifest")
	left := len(told.Files) + 1
	check(filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		left--
		name, err := filepath.Rel(dir, path)
		if err != nil || name == "MANIFEST.json" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		one, found := told.Files[filepath.ToSlash(name)]
		sum := sha256.Sum256(data)
		if !found || one.Size != len(data) || one.Sha256 != hex.EncodeToString(sum[:]) {
			return fmt.Errorf("%s is not what the manifest names", name)
		}
		return nil
	}), "manifest")
	must(left == 0, "manifest: %d files are missing", left)
}

// one checks a dam's part of the bundle.
func one(dir string, trusted map[string]bool) {
	raw, err := os.ReadFile(filepath.Join(dir, "vkey"))
	check(err, "vkey")
	vkey := strings.TrimSuffix(string(raw), "\n")
	must(trusted[vkey], "vkey: nobody trusts %s", vkey)
	held := openLog(filepath.Join(dir, "log"), vkey)
	places := map[string]int64{}
	for index, entry := range held.entries {
		var told struct{ Id string }
		check(json.Unmarshal(entry, &told), "entry")
		places[told.Id] = int64(index)
	}

	bodies, err := filepath.Glob(filepath.Join(dir, "bodies", "*", "*.json"))
	check(err, "statement")
	for _, path := range bodies {
		var told envelope
		data, err := os.ReadFile(path)
		check(err, "statement")
		check(json.Unmarshal(data, &told), "statement")
		id := told.digest()
		_, found := places[id]
		must(found && filepath.Base(path) == id+".json", "statement: %s is not what its entry says", path)
	}

	cosigned := cosigners(dir, vkey, held)
	receipts, err := filepath.Glob(filepath.Join(dir, "receipts", "*.json"))
	check(err, "receipt")
	for _, path := range receipts {
		var told receipt
		data, err := os.ReadFile(path)
		check(err, "receipt")
		check(json.Unmarshal(data, &told), "receipt")
		must(trusted[told.Log], "receipt: nobody trusts %s", told.Log)
		size, root := signed([]byte(told.Checkpoint), told.Log)
		same(held, size, root)
		index, found := places[told.Statement.digest()]
		must(found && index == told.Index && index < size, "receipt: %s is of another statement", path)
		leaf := tlog.RecordHash(held.entries[told.Index])
		check(tlog.CheckRecord(hashes(told.Proof), size, root, told.Index, leaf), "receipt")
		own, err := tlog.ProveRecord(size, told.Index, held.reader)
		check(err, "receipt")
		must(fmt.Sprint(own) == fmt.Sprint(tlog.RecordProof(hashes(told.Proof))), "receipt: another proof than Go makes")
	}
	fmt.Printf("%s: %d entries, %d statements, %d receipts, %d cosignatures\n",
		strings.SplitN(vkey, "+", 2)[0], held.size, len(bodies), len(receipts), cosigned)
}

// same refuses a checkpoint that is not of this log's own past.
func same(held log, size int64, root tlog.Hash) {
	must(size <= held.size, "checkpoint: of %d entries, the log has %d", size, held.size)
	past, err := tlog.TreeHash(size, held.reader)
	check(err, "checkpoint")
	must(past == root, "checkpoint: another log at %d entries", size)
}

// cosigners is how many cosigned; each of them must have.
func cosigners(dir, vkey string, held log) int {
	listed, err := os.ReadFile(filepath.Join(dir, "cosigners"))
	if os.IsNotExist(err) {
		return 0
	}
	check(err, "cosigners")
	keys := strings.Split(strings.TrimSuffix(string(listed), "\n"), "\n")
	for _, key := range keys {
		name := sha256.Sum256([]byte(key))
		data, err := os.ReadFile(filepath.Join(dir, "cosigned", hex.EncodeToString(name[:])+".note"))
		check(err, "cosigned")
		size, root := signed(data, vkey)
		same(held, size, root)
		seen, err := newWitness(key)
		check(err, "cosigner")
		opened, err := note.Open(data, note.VerifierList(seen))
		check(err, "cosigned")
		must(len(opened.Sigs) == 1, "cosigned: not by %s", key)
	}
	return len(keys)
}

func main() {
	trusted := map[string]bool{}
	for _, vkey := range os.Args[2:] {
		trusted[vkey] = true
	}
	manifest(os.Args[1])
	dams, err := filepath.Glob(filepath.Join(os.Args[1], "dams", "*"))
	check(err, "dams")
	must(len(dams) > 0, "no dams")
	for _, dir := range dams {
		one(dir, trusted)
	}
}
