"""The endpoints: each takes its request apart, makes one call, and shows the answer."""
