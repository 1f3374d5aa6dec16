"""`python -m devstack` is `treadle`."""

from devstack.cli import app

if __name__ == "__main__":
    app(prog_name="treadle")
