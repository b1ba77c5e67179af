"""Validates an XML file: valid_xml.py SCHEMA FILE."""

import sys

import xmlschema

xmlschema.validate(sys.argv[2], sys.argv[1])
print("valid")
