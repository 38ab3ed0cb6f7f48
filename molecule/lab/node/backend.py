# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's answer on every VIP: which node served, for which service, on which address the request came in.

Reads its ports and services from a JSON file, again on SIGHUP; ports that both readings name are never closed.
"""

from __future__ import annotations

import ipaddress
import json
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

config: dict[str, Any] = {}


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # the name that http.server wants
        local = ipaddress.ip_address(self.connection.getsockname()[0].partition("%")[0])
        vip = str(getattr(local, "ipv4_mapped", None) or local)
        body = f"node={config['node']}\nservice={config['services'].get(vip, '-')}\nvip={vip}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_unused: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "", self.server_address[1]


def main(path: str) -> None:
    servers: dict[int, Server] = {}
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    while True:
        with open(path, encoding="utf-8") as file:
            config.update(json.load(file))
        for port in servers.keys() - set(config["ports"]):
            server = servers.pop(port)
            server.shutdown()
            server.server_close()
        for port in set(config["ports"]) - servers.keys():
            servers[port] = Server(("::", port), Answer)
            threading.Thread(target=servers[port].serve_forever, daemon=True).start()
        signal.sigwait({signal.SIGHUP})


main(sys.argv[1])
