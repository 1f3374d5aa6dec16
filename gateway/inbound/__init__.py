"""What providers tell us, believed only with their signature: pure checks of raw bytes.

Each check returns when the signature is good and raises SignatureError when it is not. Whatever is
compared with a secret's work is compared in constant time, and only one spelling of a signature is
taken, so that no byte of a header is free.
"""
