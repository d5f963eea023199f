using System.Text.RegularExpressions;

namespace FlameEdge.Topology.Reading;

/// <summary>Replaces <c>${name}</c> in every value by the parameter of that name; <c>$${</c> stands for itself.</summary>
internal static partial class Parameters
{
    public static void Replace(SpecMapping root, SpecProblems problems)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var declared = root["parameters"];
        if (declared is SpecMapping mapping)
        {
            foreach (var (key, value) in mapping.Entries.Where(entry => !SpecMapping.IsComment(entry.Key.Text)))
            {
                if (value is SpecScalar scalar)
                {
                    values[key.Text] = scalar.Text;
                }
                else
                {
                    problems.Add(value, $"parameters: '{key.Text}' is {value.Kind}, but must be a single value");
                }
            }
        }
        else if (declared is not null and not SpecScalar { IsNull: true })
        {
            problems.Add(declared, $"parameters is {declared.Kind}, but must be a mapping (name: value)");
        }

        foreach (var (_, value) in root.Entries.Where(entry => entry.Value != declared))
        {
            Replace(value, values, problems);
        }
    }

    private static void Replace(SpecNode node, Dictionary<string, string> values, SpecProblems problems)
    {
        switch (node)
        {
            case SpecScalar scalar when scalar.Text.Contains("${", StringComparison.Ordinal):
                scalar.Text = Reference().Replace(scalar.Text, match => ValueOf(match, scalar, values, problems));
                break;
            case SpecSequence sequence:
                foreach (var item in sequence.Items)
                {
                    Replace(item, values, problems);
                }

                break;
            case SpecMapping mapping:
                foreach (var entry in mapping.Entries)
                {
                    Replace(entry.Value, values, problems);
                }

                break;
        }
    }

    private static string ValueOf(Match match, SpecScalar at, Dictionary<string, string> values, SpecProblems problems)
    {
        if (match.ValueSpan.StartsWith("$$", StringComparison.Ordinal))
        {
            return match.Value[1..];
        }

        var name = match.Groups["name"].Value;
        if (values.TryGetValue(name, out var value))
        {
            return value;
        }

        problems.Add(at, $"unknown parameter '{name}' in '{at.Text}'; declare it under parameters{problems.Hint(name, values.Keys)}");
        return "";
    }

    [GeneratedRegex(@"\$?\$\{(?<name>[^}]*)\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Reference();
}
