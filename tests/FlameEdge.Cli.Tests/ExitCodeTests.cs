using System.Reflection;
using System.Text.RegularExpressions;
using FlameEdge.Testing;

namespace FlameEdge.Cli.Tests;

public partial class ExitCodeTests
{
    [Fact]
    public void The_page_has_a_section_and_a_row_for_every_code_and_no_other()
    {
        var codes = typeof(ExitCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => $"{field.GetRawConstantValue()} {field.Name}").ToArray();

        var page = File.ReadAllText(Path.Combine(SharedData.RepositoryRoot, "docs", "exit-codes.md"));

        Assert.Equal(codes, Section().Matches(page).Select(match => match.Groups[1].Value));
        Assert.Equal(codes, Row().Matches(page).Select(match => $"{match.Groups[1].Value} {match.Groups[2].Value}"));
        Assert.All(page.Split("\n## ")[1..], section =>
        {
            Assert.Contains("**Cause.**", section, StringComparison.Ordinal);
            Assert.Contains("**Remedy.**", section, StringComparison.Ordinal);
        });
    }

    [GeneratedRegex(@"^## (\d+ \w+)\r?$", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex(@"^\| (\d+) \| (\w+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
