"""The server that `record_mcp.py` starts: the shell as a tool, and the orders as a resource and a table."""

import json
from pathlib import Path

from mcp.server.mcpserver import MCPServer
from shop import bash

server = MCPServer("shop")
server.tool()(bash)


@server.tool()
def orders(state: str) -> list[dict]:
    """Lists the orders in a state."""
    return [order for order in json.loads(Path("data/orders.json").read_text()) if order["state"] == state]


@server.resource("shop://shipments", mime_type="application/jsonl")
def shipments() -> str:
    """The shipments, one a line."""
    return Path("data/shipments.jsonl").read_text()


if __name__ == "__main__":
    server.run("stdio")
