"""A notebook from standard input, tidy on standard output: git's filter for notebooks.

What cannot be read goes through as it is: git keeps what the author wrote, and the
commands say what is wrong with it.
"""

import sys


def cleaned(content: bytes) -> bytes:
    """A notebook's bytes as git keeps them."""
    from analysis_utils.editor import tidy

    try:
        notebook = tidy.nbformat.v4.reads(content.decode("utf-8"))
        return tidy.text(tidy.tidied(notebook)).encode("utf-8")
    except Exception:  # half written, of another format, with conflict markers
        return content


if __name__ == "__main__":
    sys.stdout.buffer.write(cleaned(sys.stdin.buffer.read()))
