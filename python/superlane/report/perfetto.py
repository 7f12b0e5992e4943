# SPDX-License-Identifier: Apache-2.0
"""A trace inside the page: a button hands it to ui.perfetto.dev in another tab, a link saves it as a file."""
import base64
import gzip
from pathlib import Path

MOST_BYTES = 12_000_000  # of the packed trace; a larger one stays a file of its own

SCRIPT = """
function superlaneTrace(id) {
  const text = atob(document.getElementById(id).textContent);
  return Uint8Array.from(text, c => c.charCodeAt(0)).buffer;
}
function superlaneOpen(id, title) {
  const tab = window.open('https://ui.perfetto.dev');
  const ask = setInterval(() => tab.postMessage('PING', 'https://ui.perfetto.dev'), 100);
  window.addEventListener('message', function answer(event) {
    if (event.source !== tab || event.data !== 'PONG') return;
    clearInterval(ask);
    window.removeEventListener('message', answer);
    tab.postMessage({perfetto: {buffer: superlaneTrace(id), title: title}}, 'https://ui.perfetto.dev');
  });
}
function superlaneSave(id, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([superlaneTrace(id)]));
  link.download = name;
  link.click();
}
"""


def trace_block(file, number):
    """HTML of the trace in `file`; Perfetto reads it packed as it is."""
    from .html import escape, quoted
    packed = gzip.compress(Path(file).read_bytes(), compresslevel=9, mtime=0)
    name = Path(file).name
    by_hand = f'or open <code>{escape(name)}</code> by hand at <a href="https://ui.perfetto.dev">ui.perfetto.dev</a>: "Open trace file"'
    if len(packed) > MOST_BYTES:
        return f"<p>The trace is {len(packed) / 1e6:.0f} MB packed, too large for this page: {by_hand[3:]}.</p>"
    block = f"trace{number}"
    return (f'<p><button onclick="superlaneOpen({quoted(block)}, {quoted(name)})">Open the trace in Perfetto</button>'
            f'<button onclick="superlaneSave({quoted(block)}, {quoted(name + ".gz")})">Save the trace</button> {by_hand}.</p>'
            '<p class="note">Perfetto runs in the browser and keeps the trace there. Click an instruction: arrows lead to those whose values it takes.</p>'
            f'<script type="text/plain" id="{block}">{base64.b64encode(packed).decode()}</script>')
