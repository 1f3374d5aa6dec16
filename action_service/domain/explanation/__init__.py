"""Why an execution is where it is: from what is known of it to an answer, and to words.

`facts` is what has to be read, `answer` what comes of it, `reasons` the decision and `words` the
only place where it is put into English. A new reason takes a value of `Reason`, a line in
`reasons._REASONS` and one in `words._WORDS`.
"""
