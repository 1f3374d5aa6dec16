"""What the ports stand for in production; only `bootstrap` names them."""
