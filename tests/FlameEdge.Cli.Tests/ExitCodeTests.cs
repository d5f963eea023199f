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

        Assert.Equal(codes, Section().Matches(page).Select(match => match.Groups["name"].Value));
        Assert.Equal(codes, Row().Matches(page).Select(match => $"{match.Groups["code"].Value} {match.Groups["name"].Value}"));
        Assert.All(page.Split("\n## ")[1..], section =>
        {
            Assert.Contains("**Cause.**", section, StringComparison.Ordinal);
            Assert.Contains("**Remedy.**", section, StringComparison.Ordinal);
        });
    }

    [GeneratedRegex(@"^## (?<name>\d+ \w+)\r?$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 60_000)]
    private static partial Regex Section();

    [GeneratedRegex(@"^\| (?<code>\d+) \| (?<name>\w+) \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 60_000)]
    private static partial Regex Row();
}
