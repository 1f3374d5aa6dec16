"""Actions that take money or give it back, through Stripe."""
