"""Records the runs that LangChain's tracer sends to LangSmith, here to a server on loopback."""

import http.server
import json
import os
import platform
import threading

from shop import KEY, MODEL, QUESTION, SCRIPT, SYSTEM, bash, keep, lines_of, opened_shop

POSTS: list[dict] = []


class _Collector(http.server.BaseHTTPRequestHandler):
    """Takes batches of runs, as LangSmith's endpoint without multipart does."""

    def log_message(self, *_: object) -> None:
        """Writes no log."""

    def do_GET(self) -> None:
        limits = {"size_limit": 100, "size_limit_bytes": 20_971_520, "scale_up_nthreads_limit": 1}
        limits |= {"scale_up_qsize_trigger": 1000, "scale_down_nempty_trigger": 4}
        self._answer({"version": "0", "batch_ingest_config": {"use_multipart_endpoint": False, **limits}})

    def do_POST(self) -> None:
        POSTS.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer({})

    def _answer(self, value: object) -> None:
        text = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def main() -> None:
    """Runs the agent, joins what was sent first and last of each run, and keeps the runs."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ |= {
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "LANGSMITH_API_KEY": KEY,
        "LANGSMITH_PROJECT": "shop",
    }
    with opened_shop(rows=6, script=SCRIPT[:1]) as url:
        from langchain.agents import create_agent
        from langchain_core.tools import tool
        from langchain_core.tracers.langchain import wait_for_all_tracers
        from langchain_openai import ChatOpenAI

        model = ChatOpenAI(model=MODEL, base_url=f"{url}/v1", api_key=KEY)
        agent = create_agent(model, [tool(bash)], system_prompt=SYSTEM)
        agent.invoke({"messages": [{"role": "user", "content": QUESTION}]})
        wait_for_all_tracers()
        runs: dict[str, dict] = {}
        for batch in POSTS:
            for run in [*batch.get("post", ()), *batch.get("patch", ())]:
                runs.setdefault(run["id"], {}).update(run)
        names = ((f"127.0.0.1:{server.server_port}", "127.0.0.1:18080"), (platform.platform(), "Linux"))
        keep("langsmith.runs.jsonl", lines_of(list(runs.values())), *names, (url, "http://127.0.0.1:18080"))
    server.shutdown()


if __name__ == "__main__":
    main()
