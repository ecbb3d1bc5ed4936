/* SPDX-License-Identifier: MIT */
/*
 * nop - does nothing; bench and other programs execute it.
 */
int main(void)
{
    return 0;
}
