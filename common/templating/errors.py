"""What can go wrong with a template: with its text, and with one rendering of it."""


class TemplateError(Exception):
    """Base of both. `str()` is for the user; it may quote a value, so it is nothing for logs."""


class TemplateSyntaxError(TemplateError):
    """The text cannot be rendered for anybody. `problems` lists everything found."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class TemplateRenderError(TemplateError):
    """This rendering failed; `missing` is the path that had no value, when that is the cause."""

    def __init__(self, message: str, *, missing: str | None = None) -> None:
        super().__init__(message)
        self.missing = missing
