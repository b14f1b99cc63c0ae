package main

// What all checks of a log share: its files are read, and are what Go's own transparency log library makes of them.

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

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

// file is a tile, or the full one that outgrew it: a log that was fetched while it grew may have only that.
func (t tiles) file(level string, n int64, width int, what string) []byte {
	data, err := os.ReadFile(filepath.Join(t.dir, path(level, n, width)))
	if os.IsNotExist(err) {
		data, err = os.ReadFile(filepath.Join(t.dir, path(level, n, 256)))
	}
	check(err, what)
	return data
}

// entries reads every bundle of the log.
func (t tiles) entries(size int64) [][]byte {
	var found [][]byte
	for n := int64(0); n*256 < size; n++ {
		width := size - n*256
		if width > 256 {
			width = 256
		}
		data := t.file("entries", n, int(width), "bundle")
		for count := int64(0); len(data) > 0 && count < width; count++ {
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

// log is a whole log, verified.
type log struct {
	size    int64
	root    tlog.Hash
	entries [][]byte
	reader  tlog.HashReader
}

// signed is the size and root of a checkpoint that a key signed.
func signed(data []byte, vkey string) (int64, tlog.Hash) {
	verifier, err := note.NewVerifier(vkey)
	check(err, "vkey")
	opened, err := note.Open(data, note.VerifierList(verifier))
	check(err, "checkpoint")
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err, "size")
	root, err := tlog.ParseHash(lines[2])
	check(err, "root")
	return size, root
}

// openLog verifies the log's files that lie in a folder.
func openLog(dir, vkey string) log {
	// 1. the checkpoint is signed by the log's key
	data, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	check(err, "checkpoint")
	size, root := signed(data, vkey)

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
	entries := (tiles{dir}).entries(size)
	for i, entry := range entries {
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
		found := (tiles{dir}).file(strconv.Itoa(tile.L), tile.N, tile.W, "tile")
		if !bytes.HasPrefix(found, wanted) || len(found) != len(wanted) && len(found) != 256*tlog.HashSize {
			check(fmt.Errorf("%s is not what its hashes make", tile.Path()), "tile")
		}
	}
	return log{size, root, entries, reader}
}
