"""Source lists of other programs, read into a `Catalogue` and written from one.

One module a program. Each declares its columns as `Link`s, which docs/column-names.md lists.
"""
