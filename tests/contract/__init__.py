"""Every store and provider keeps the same promises."""
