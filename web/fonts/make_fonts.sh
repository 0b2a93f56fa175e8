#!/bin/sh
# Makes the font files of this folder: the parts of TeX Gyre Pagella that worksheets and charts need.
#
# Needs: apt-get install fonts-texgyre fonts-texgyre-math; pip install fonttools==4.68.0 brotli==1.2.1
# Run it in this folder. FONTS says where the OpenType files are, PYFTSUBSET which program cuts them.
set -eu
FONTS=${FONTS:-/usr/share/texmf/fonts/opentype/public}
PYFTSUBSET=${PYFTSUBSET:-pyftsubset}

# Letters, digits, punctuation, the Greek and the signs that headings and sentences use.
TEXT=U+20-7E,U+A0,U+B0,U+B1,U+B7,U+BD,U+D7,U+2013,U+2014,U+2018,U+2019,U+201C,U+201D,U+2026,U+2032,U+2190,U+2192,\
U+2202,U+2211,U+2212,U+221A,U+221E,U+2248,U+2264,U+2265,U+3B4,U+3B7,U+3C3
# Formulas: digits, the letters of function names and indices, mathematical italics, operators.
MATH=U+20,U+28,U+29,U+2B-3A,U+3D,U+3E,U+61-7A,U+45,U+B7,U+2032,U+2061,U+2202,U+2212,U+221A,U+221E,U+2248,\
U+3B7,U+1D434-1D467,U+210E,U+1D702

subset() {
    source=$1
    target=$2
    shift 2
    "$PYFTSUBSET" "$FONTS/$source" --output-file="$target" --drop-tables+=FFTM --no-hinting --obfuscate-names "$@"
}

subset tex-gyre/texgyrepagella-regular.otf page-regular.woff2 --flavor=woff2 --unicodes="$TEXT" --layout-features=kern,liga,lnum,tnum
subset tex-gyre/texgyrepagella-italic.otf page-italic.woff2 --flavor=woff2 --unicodes="$TEXT" --layout-features=kern,liga,lnum,tnum
subset tex-gyre-math/texgyrepagella-math.otf page-math.woff2 --flavor=woff2 --unicodes="$MATH" --layout-features=ssty
# For charts: read by this program, which sets text glyph by glyph.
subset tex-gyre/texgyrepagella-regular.otf chart-regular.otf --unicodes="$TEXT" --layout-features= --desubroutinize
subset tex-gyre/texgyrepagella-italic.otf chart-italic.otf --unicodes="$TEXT" --layout-features= --desubroutinize
