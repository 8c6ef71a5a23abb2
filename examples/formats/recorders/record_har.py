"""Records an HTTP archive with mitmproxy, between a client and the model."""

import asyncio
import tempfile
from pathlib import Path

from conversation import converse
from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster
from shop import keep, opened_shop


async def _run() -> None:
    with opened_shop(rows=6) as url, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.har"
        options = Options(listen_host="127.0.0.1", listen_port=0, mode=[f"reverse:{url}@0"])
        master = DumpMaster(options, with_termlog=False, with_dumper=False)
        options.update(hardump=str(path))
        running = asyncio.create_task(master.run())
        server = master.addons.get("proxyserver")
        while not server.listen_addrs():
            await asyncio.sleep(0.1)
        port = server.listen_addrs()[0][1]
        await asyncio.to_thread(converse, f"http://127.0.0.1:{port}")
        master.shutdown()
        await running
        local = [(url, "http://127.0.0.1:18080"), (f"127.0.0.1:{port}", "127.0.0.1:18080")]
        keep("har.har", path.read_text(encoding="utf-8"), *local)


if __name__ == "__main__":
    asyncio.run(_run())
