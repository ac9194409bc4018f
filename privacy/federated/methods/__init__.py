"""Methods: what is asked of sites, what they answer, and what is made of the sums. Pure functions of numbers.

Whatever a method asks for is a sum over records of numbers that a public range bounds; so a site's vector has a bound
that holds for any records, and nothing but sums over the sites is ever needed.
"""
