// SPDX-License-Identifier: MIT

// A net/http server: port 7777.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
)

func main() {
	listener, err := net.Listen("tcp4", ":7777")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		runtime.GC()
		fmt.Fprintf(w, "go %s %s", r.URL.Path, os.Getenv("COLOUR"))
	})
	fmt.Println("READY")
	fmt.Println(http.Serve(listener, nil))
}
