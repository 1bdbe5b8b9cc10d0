package dbapi

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// open opens a pool on the server that PGHOST and the like say.
func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("dbapi", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

// session is one connection of a pool of one.
func session(t *testing.T) *sql.Conn {
	t.Helper()
	conn, err := open(t, "").Conn(context.Background())
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %#v, want %#v", what, got, want)
	}
}

type executor interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

func exec(t *testing.T, on executor, statement string, arguments ...any) {
	t.Helper()
	if _, err := on.ExecContext(context.Background(), statement, arguments...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func integer(t *testing.T, on executor, statement string, arguments ...any) (value int64) {
	t.Helper()
	if err := on.QueryRowContext(context.Background(), statement, arguments...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return value
}

// refused is the *Error that err has to be.
func refused(t *testing.T, err error, class Class, sqlstate string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Class != class || e.SQLSTATE != sqlstate {
		t.Fatalf("got %v, want %s %s", err, class, sqlstate)
	}
	return e
}

// eventually waits for what has to become true.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never came: %s", what)
		}
	}
}

// steady fails the test if it leaves goroutines behind.
func steady(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		eventually(t, "the goroutines' end", func() bool { return runtime.NumGoroutine() <= before })
	})
}

// raw opens a connection without a pool.
func raw(t *testing.T) *Conn {
	t.Helper()
	conn, err := Driver{}.Open("")
	must(t, err)
	return conn.(*Conn)
}

func query(t *testing.T, conn *Conn, statement string) driver.Rows {
	t.Helper()
	result, err := conn.QueryContext(context.Background(), statement, nil)
	must(t, err)
	return result
}

// A proxy stands between the driver and the server. It can stop to pass anything on.
type proxy struct {
	net.Listener
	mutex  sync.Mutex
	frozen bool
	conns  []net.Conn
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &proxy{Listener: listener}
	t.Cleanup(func() { _ = listener.Close(); p.cut() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", os.Getenv("PGHOST")+"/.s.PGSQL."+os.Getenv("PGPORT"))
			if err != nil {
				_ = client.Close()
				continue
			}
			p.mutex.Lock()
			p.conns = append(p.conns, client, server)
			p.mutex.Unlock()
			go p.pass(client, server)
			go p.pass(server, client)
		}
	}()
	return p
}

func (p *proxy) dsn() string {
	host, port, _ := net.SplitHostPort(p.Addr().String())
	return "sslmode=disable host=" + host + " port=" + port
}

func (p *proxy) pass(from, to net.Conn) {
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			_ = to.Close()
			return
		}
		p.mutex.Lock()
		frozen := p.frozen
		p.mutex.Unlock()
		if frozen {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil && err != io.EOF {
			return
		}
	}
}

func (p *proxy) freeze(frozen bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.frozen = frozen
}

func (p *proxy) cut() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
}
