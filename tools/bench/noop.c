/* noop.c: a program that only returns: what it costs to start anything at all. */
int main(void)
{
    return 0;
}
