"""Pricing: the one calculation of totals, from lines, discount, shipping and tax.

Owns no table: tax rate and shipping price are settings of the store. Emits nothing. Hears nothing.
"""
