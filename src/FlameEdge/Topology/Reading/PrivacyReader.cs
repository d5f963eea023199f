namespace FlameEdge.Topology.Reading;

/// <summary>Reads <c>privacy</c> and <c>secureAggregation</c>.</summary>
internal static class PrivacyReader
{
    /// <summary>Masked updates; null where nothing is said.</summary>
    public static SecureAggregationSpec? SecureAggregation(SpecMapping? node, SpecProblems problems)
    {
        if (node is null)
        {
            return null;
        }

        var (fields, usual) = (new Fields(node, "secureAggregation", JobKeys.SecureAggregation, problems), new SecureAggregationSpec());
        return new()
        {
            Threshold = fields.Number("threshold", value => value is >= 0.5 and < 1, "a number from 0.5 to below 1") ?? usual.Threshold,
            FractionBits = fields.Whole("fractionBits", 8, 40) ?? usual.FractionBits,
        };
    }

    /// <summary>What is asked for; null where nothing is said, or where it is wrong (reported).</summary>
    public static PrivacySpec? Privacy(SpecMapping? node, SpecProblems problems)
    {
        if (node is null)
        {
            return null;
        }

        var fields = new Fields(node, "privacy", JobKeys.Privacy, problems);
        var kind = JobReader.Required(fields, "kind", "use server or client");
        var clip = Needed("clip", "privacy: { kind: server, clip: 1.0, noise: 1.0, epsilon: 8 }");
        var noise = Needed("noise", "privacy: { kind: server, clip: 1.0, noise: 1.0, epsilon: 8 }");
        var epsilon = fields.Number("epsilon", value => value > 0, "a number above 0");
        var delta = fields.Number("delta", value => value is > 0 and < 1, "a number above 0 and below 1") ?? 1e-5;
        if (kind is null || clip is null || noise is null)
        {
            return null;
        }

        if (kind.Text is not (PrivacySpec.Server or PrivacySpec.Client))
        {
            problems.Add(kind, $"privacy: unknown kind '{kind.Text}'; use server or client{problems.Hint(kind.Text, [PrivacySpec.Server, PrivacySpec.Client])}");
            return null;
        }

        return new PrivacySpec { Kind = kind.Text, Clip = clip.Value, Noise = noise.Value, Epsilon = epsilon, Delta = delta };

        double? Needed(string key, string example)
        {
            if (fields[key] is null)
            {
                problems.Add(node, $"privacy needs {key}; write {example}");
                return null;
            }

            return fields.Number(key, value => value > 0, "a number above 0");
        }
    }
}
