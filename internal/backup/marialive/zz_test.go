package marialive_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"iact-infra/internal/command"
)

func TestRealZZ(t *testing.T) {
	m := newMaria(t)
	for range 3 {
		e := m.names()
		e.Becomes.Charset, e.Becomes.Collation = "utf8mb4", "utf8mb4_general_ci"
		e.Dumped = "big"
		b := time.Now()
		m.sql("CREATE DATABASE " + e.Live)
		c := command.Change("bash", "-c", fmt.Sprintf("zstd -dc /tmp/mdbx/big.sql.zst | mariadb %s %s %s --max-allowed-packet=1G %s", m.login[0], m.login[1], m.login[2], e.Live))
		must(t, m.door.Run(t.Context(), c))
		peer := time.Since(b)
		f, _ := os.Open("/tmp/mdbx/big.sql")
		b = time.Now()
		must(t, m.Load(t.Context(), e, f, 0))
		load := time.Since(b)
		b = time.Now()
		_, err := m.Digest(t.Context(), e.New)
		must(t, err)
		dig := time.Since(b)
		b = time.Now()
		must(t, m.Prepare(t.Context(), e))
		prep := time.Since(b)
		b = time.Now()
		must(t, m.TakeOver(t.Context(), e))
		t.Logf("peer %v load %v (%.2f) digest %v (%.2f) prepare %v takeover %v", peer, load, load.Seconds()/peer.Seconds(), dig, dig.Seconds()/peer.Seconds(), prep, time.Since(b))
	}
}
