"""What stands on what as a picture, in SVG, with sectors to scale.

`choice` picks what is drawn and in which layer, `fills` how a line of a table looks,
`layout` places cards for devices and files and the bands between them, `legend` what
explains them, `painting` writes it down with the words of `svg`.
"""
