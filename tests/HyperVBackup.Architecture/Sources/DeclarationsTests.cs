using Xunit;

namespace HyperVBackup.Architecture.Sources;

/// <summary>The rules over sources are as good as this reading of them.</summary>
public sealed class DeclarationsTests
{
    private const string Sample = """
        // class NotHere { 'x"
        #pragma warning disable CA1000 // don't
        namespace A.B;

        /// <summary>"Quoted" <paramref name="x"/></summary>
        [Some("text }")]
        public sealed record One<T>(int Count) where T : class
        {
            private readonly char mark = '{';
            private static readonly int[] Data = [1, 2, 3];
            public string Text { get; } = $"a {(Count > 0 ? "}" : "{{")} \" {{";
            public string Other => @"c:\";
            private static bool operator ==(One<T> a, One<T> b) => a.Count switch { 1 => true, _ => false };

            public void Method()
            {
                /* } */ Run(() => { });
            }

            private enum Kind { A, B }
        }

        internal delegate void Change(int value);
        """;

    [Fact]
    public void Types_and_members_are_found_with_their_lines()
    {
        string[] found = [.. Declarations.In(CodeText.Of(Sample)).Select(each => FormattableString.Invariant(
            $"{string.Join('.', each.Path.Append(each.Name))} {each.FirstLine}-{each.LastLine} {each.IsType}"))];
        Assert.Equal(
            [
                "One 6-21 True", "One.mark 9-9 False", "One.Data 10-10 False", "One.Text 11-11 False",
                "One.Other 12-12 False", "One.operator 13-13 False", "One.Method 15-18 False", "One.Kind 20-20 True",
                "Change 23-23 False",
            ],
            found);
    }

    [Fact]
    public void What_is_no_code_is_blank_and_lines_stay()
    {
        string code = CodeText.Of(Sample);
        Assert.Equal(Sample.Length, code.Length);
        Assert.Equal(Sample.Count(character => character == '\n'), code.Count(character => character == '\n'));
        Assert.Equal(code.Count(character => character == '{'), code.Count(character => character == '}'));
        Assert.DoesNotContain("NotHere", code, StringComparison.Ordinal);
        Assert.DoesNotContain("Quoted", code, StringComparison.Ordinal);
        Assert.DoesNotContain("CA1000", code, StringComparison.Ordinal);
        Assert.Contains("Method", code, StringComparison.Ordinal);
    }

    [Fact]
    public void Words_of_a_header_are_told_apart()
    {
        Declaration type = Declarations.In(CodeText.Of(Sample))[0];
        Assert.True(type.Says("sealed"));
        Assert.False(type.Says("Some text"));
        Assert.False(type.Says("seal"));
    }
}
