// Copyright (c) the baremetal.dualstack authors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// What the lab's pods run, in one program without dependencies:
//
//	server serve PORT…        answers HTTP on these ports in both families, as molecule/lab/node/backend.py does
//	server get URL [SECONDS]  prints the answer
//	server dns NAME [SERVER]  prints the A and AAAA records of a name, one a line
//	server pause              does nothing, and reaps what is orphaned
//
// An answer says which node (NODE_NAME) served which Service (SERVICE, namespace/name), what the client asked for, and
// where the server saw the client. Started under the name pause, it is one.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const usage = "usage: server serve PORT… | get URL [SECONDS] | dns NAME [SERVER] | pause"

func main() {
	words := os.Args[1:]
	if filepath.Base(os.Args[0]) == "pause" {
		words = []string{"pause"}
	}
	if err := run(words); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func run(words []string) error {
	switch {
	case len(words) >= 2 && words[0] == "serve":
		return serve(words[1:])
	case (len(words) == 2 || len(words) == 3) && words[0] == "get":
		return get(words[1], append(words[2:], "5")[0])
	case (len(words) == 2 || len(words) == 3) && words[0] == "dns":
		return records(words[1], append(words[2:], "")[0])
	case len(words) == 1 && words[0] == "pause":
		return pause()
	}
	return fmt.Errorf("%s", usage)
}

func or(value, other string) string {
	if value == "" {
		return other
	}
	return value
}

// plain is an address without port, zone, brackets, and the IPv6 form that a socket of both families gives to IPv4.
func plain(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if parsed, err := net.ResolveIPAddr("ip", host); err == nil && net.ParseIP(host) != nil {
		return parsed.IP.String()
	}
	return host
}

func answer(writer http.ResponseWriter, request *http.Request) {
	node := or(os.Getenv("NODE_NAME"), "-")
	service := or(os.Getenv("SERVICE"), "-")
	asked := plain(request.Host)
	writer.Header().Set("Content-Type", "text/plain")
	fmt.Fprintf(writer, "node=%s\nservice=%s\nvip=%s\nclient=%s\n", node, service, asked, plain(request.RemoteAddr))
	if local, ok := request.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		fmt.Fprintf(writer, "pod=%s\n", plain(local.String()))
	}
}

func serve(ports []string) error {
	ended := make(chan error, 1)
	server := &http.Server{Handler: http.HandlerFunc(answer), ReadHeaderTimeout: 10 * time.Second}
	for _, port := range ports {
		listener, err := net.Listen("tcp", net.JoinHostPort("::", port)) // both families: Go clears IPV6_V6ONLY
		if err != nil {
			// A host without IPv6 at all.
			if listener, err = net.Listen("tcp4", net.JoinHostPort("0.0.0.0", port)); err != nil {
				return err
			}
		}
		go func() { ended <- server.Serve(listener) }()
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	select {
	case err := <-ended:
		return err
	case <-asked:
		within, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return server.Shutdown(within)
	}
}

func get(address, seconds string) error {
	limit, err := strconv.ParseFloat(seconds, 64)
	if err != nil {
		return fmt.Errorf("%q is no number of seconds", seconds)
	}
	client := http.Client{Timeout: time.Duration(limit * float64(time.Second))}
	reply, err := client.Get(address)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if _, err = io.Copy(os.Stdout, reply.Body); err == nil && reply.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", address, reply.Status)
	}
	return err
}

func records(name, server string) error {
	resolver := &net.Resolver{PreferGo: true}
	if server != "" {
		resolver.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(server, "53"))
		}
	}
	within, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var failed error
	found := 0
	for _, kind := range []struct{ record, network string }{{"A", "ip4"}, {"AAAA", "ip6"}} {
		addresses, err := resolver.LookupIP(within, kind.network, name)
		if err != nil {
			failed = err
		}
		for _, address := range addresses {
			found++
			fmt.Println(kind.record, address)
		}
	}
	if found > 0 {
		return nil // a name of one family is an answer
	}
	return failed
}

func pause() error {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT, syscall.SIGCHLD)
	for received := range asked {
		if received != syscall.SIGCHLD {
			break
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
	return nil
}
