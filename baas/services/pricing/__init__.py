"""Pricing owns the one calculation of totals: lines, discount, shipping and tax. It has no tables.

It emits nothing and hears nothing. Rates, shipping methods and discounts of a store will live here.
"""
