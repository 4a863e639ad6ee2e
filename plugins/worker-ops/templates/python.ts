// A worker in Python, with a virtual environment of its own.
import { SDK, type LanguageFiles } from './language-files.ts'

export function pythonFiles(name: string): LanguageFiles {
  return {
    files: {
      'src/main.py': `import os
import signal
import threading

from iii import InitOptions, register_worker

# The engine that starts it says where it is.
iii = register_worker(os.environ.get("III_URL", "ws://127.0.0.1:49134"), InitOptions(worker_name="${name}"))


async def greet(data):
    return {"text": f"Hello, {data['name']}"}


iii.register_function(
    "${name}::greet",
    greet,
    description="Greets somebody.",
    request_format={"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "description": "Who"}}},
    response_format={"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
)
print("${name} is ready to greet", flush=True)

# The SDK works in a thread of its own; the program stays until the engine ends it.
ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())
ended.wait()
iii.shutdown()
`,
      'requirements.txt': `iii-sdk==${SDK.pypi}\n`,
    },
    install:
      'python3 -m venv .venv && .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt',
    start: '.venv/bin/python -u src/main.py',
    ignored: ['.venv/', '__pycache__/'],
    needs: 'It needs Python 3.10 or newer.',
  }
}
