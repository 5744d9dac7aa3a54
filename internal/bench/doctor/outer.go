package doctor

import (
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// outer is all that the machine reaches: a name server, to which every name is
// known, and an HTTP server, which is every address at every port.
type outer struct {
	names net.PacketConn
	pages net.Listener
}

// Where they listen. machine.sh leads every other port to the pages.
const (
	namesAt = "0.0.0.0:53"
	pagesAt = "0.0.0.0:80"
)

// serveOuter listens in the network of a process. A socket stays in the network
// in which it was made, whoever reads from it.
func serveOuter(pid int) (*outer, error) {
	made, failed := make(chan *outer, 1), make(chan error, 1)
	go func() {
		// The thread is never unlocked: it ends with this function, and with it
		// the network that it was in.
		runtime.LockOSThread()
		o, err := listenIn(pid)
		made <- o
		failed <- err
	}()
	o, err := <-made, <-failed
	if err != nil {
		return nil, fmt.Errorf("serve a network: %w", err)
	}
	go o.answerNames()
	go o.answerPages()
	return o, nil
}

func listenIn(pid int) (*outer, error) {
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return nil, err
	}
	defer ns.Close()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	names, err := net.ListenPacket("udp4", namesAt)
	if err != nil {
		return nil, err
	}
	pages, err := net.Listen("tcp4", pagesAt)
	return &outer{names, pages}, err
}

func (o *outer) close() {
	_ = o.names.Close()
	_ = o.pages.Close()
}

// answerNames gives every name the address 192.0.2.80, and no other record.
func (o *outer) answerNames() {
	packet := make([]byte, 1500)
	for {
		n, from, err := o.names.ReadFrom(packet)
		if err != nil {
			return
		}
		if reply := reply(packet[:n]); reply != nil {
			_, _ = o.names.WriteTo(reply, from)
		}
	}
}

// reply is the answer to a question of DNS, nil to what is none.
func reply(ask []byte) []byte {
	const header = 12
	end := header
	for end < len(ask) && ask[end] != 0 {
		end += int(ask[end]) + 1
	}
	end += 5 // the zero, the type and the class
	if len(ask) < header || end > len(ask) {
		return nil
	}
	out := append([]byte{ask[0], ask[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, ask[header:end]...)
	if kind := ask[end-3]; kind == 1 {
		out[7] = 1
		out = append(out, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 80)
	}
	return out
}

// answerPages says the same to everybody.
func (o *outer) answerPages() {
	for {
		c, err := o.pages.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			if _, err := c.Read(make([]byte, 4096)); err == nil {
				_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"))
			}
		}()
	}
}
