"""What the scheduler does: take in timers, fire the due ones, show them."""
