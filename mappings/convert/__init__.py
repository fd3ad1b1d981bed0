"""Named converters: what a CRM's field says ⇄ a value as the core computes with it.

Station: chosen by name in a field mapping, made once per mapping by `build_fields`; each is a pure function after that.
"""
