/* SPDX-License-Identifier: MIT */
/*
 * nop - does nothing: the program that bench executes.
 */
int main(void)
{
    return 0;
}
