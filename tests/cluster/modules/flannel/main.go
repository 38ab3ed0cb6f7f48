// Copyright (c) the baremetal.dualstack authors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Reads a net-conf.json and prints what Flannel makes of it, or why it refuses it.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/flannel-io/flannel/pkg/subnet"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		var config *subnet.Config
		if config, err = subnet.ParseConfig(string(text)); err == nil {
			if err = subnet.CheckNetworkConfig(config); err == nil {
				err = json.NewEncoder(os.Stdout).Encode(config)
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
