using System.Diagnostics;
using System.Globalization;

namespace FlameEdge.Topology.Reading;

/// <summary>The values of one mapping by their meaning. Unknown keys and values of the wrong kind are reported, with the element they belong to.</summary>
internal sealed class Fields
{
    private readonly SpecMapping node;
    private readonly string[] keys;

    public Fields(SpecMapping node, string element, string[] keys, SpecProblems problems)
    {
        this.node = node;
        this.keys = keys;
        Element = element;
        Problems = problems;
        foreach (var entry in node.Entries)
        {
            var key = entry.Key.Text;
            if (Array.IndexOf(keys, key) < 0 && !SpecMapping.IsComment(key))
            {
                problems.Add(entry.Key, $"{element}: unknown key '{key}'; known are {string.Join(", ", keys)}{problems.Hint(key, keys)}");
            }
        }
    }

    public SpecMapping Node => node;

    public string Element { get; }

    public SpecProblems Problems { get; }

    /// <summary>The node of a key; null where it is absent or says null.</summary>
    public SpecNode? this[string key]
    {
        get
        {
            Debug.Assert(keys.Contains(key), $"'{key}' is not a key of {Element}");
            return node[key] is var value and not SpecScalar { IsNull: true } ? value : null;
        }
    }

    public SpecScalar? Scalar(string key) => As<SpecScalar>(key, "a single value");

    public SpecMapping? Mapping(string key) => As<SpecMapping>(key, "a mapping (key: value)");

    public SpecSequence? Sequence(string key) => As<SpecSequence>(key, "a list");

    public string? Text(string key) => Scalar(key)?.Text;

    public bool Flag(string key) => Scalar(key) is { } scalar && (scalar.Text switch
    {
        "true" => true,
        "false" => false,
        _ => Wrong(scalar, key, "true or false"),
    });

    public int? Whole(string key, int atLeast, int atMost = int.MaxValue)
    {
        if (Scalar(key) is not { } scalar)
        {
            return null;
        }

        if (int.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= atLeast && value <= atMost)
        {
            return value;
        }

        Wrong(scalar, key, atMost == int.MaxValue ? $"a whole number of at least {atLeast}" : $"a whole number from {atLeast} to {atMost}");
        return null;
    }

    public double? Number(string key, Func<double, bool>? isFit = null, string range = "a number")
    {
        if (Scalar(key) is not { } scalar)
        {
            return null;
        }

        if (TryNumber(scalar, out var value) && (isFit is null || isFit(value)))
        {
            return value;
        }

        Wrong(scalar, key, range);
        return null;
    }

    public TimeSpan? Duration(string key)
    {
        if (Scalar(key) is not { } scalar)
        {
            return null;
        }

        if (Durations.TryParse(scalar.Text, out var value))
        {
            return value;
        }

        Wrong(scalar, key, "a time such as 500ms, 60s, 2m or 1h");
        return null;
    }

    /// <summary>The scalars of a list; a single scalar counts as a list of one.</summary>
    public IReadOnlyList<SpecScalar> Scalars(string key)
    {
        switch (this[key])
        {
            case null:
                return [];
            case SpecScalar one:
                return [one];
            case SpecSequence { Items: var items }:
                return [.. items.Where(item => IsValue(item, key)).Cast<SpecScalar>()];
            case var other:
                Wrong(other, key, "a value or a list of values");
                return [];
        }
    }

    public IReadOnlyList<double> Numbers(string key)
    {
        var values = new List<double>();
        foreach (var scalar in Scalars(key))
        {
            if (TryNumber(scalar, out var value))
            {
                values.Add(value);
            }
            else
            {
                Wrong(scalar, key, "numbers");
            }
        }

        return values;
    }

    /// <summary>One of a few words; null where the key is absent or the word unknown (reported).</summary>
    public string? OneOf(string key, IReadOnlyCollection<string> known)
    {
        if (Scalar(key) is not { } scalar || known.Contains(scalar.Text))
        {
            return Scalar(key)?.Text;
        }

        Problems.Add(scalar, $"{Element}: unknown {key} '{scalar.Text}'; use {string.Join(", ", known)}{Problems.Hint(scalar.Text, known)}");
        return null;
    }

    /// <summary>Reports that <paramref name="at"/> is not what the key wants; false, so that it ends an expression.</summary>
    public bool Wrong(SpecNode at, string key, string wanted)
    {
        Problems.Add(at, $"{Element}: {key} is {at.Kind}, but must be {wanted}");
        return false;
    }

    public static bool TryNumber(SpecScalar scalar, out double value) =>
        double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    private bool IsValue(SpecNode item, string key) => item is SpecScalar { IsNull: false } || Wrong(item, key, "a list of values");

    private T? As<T>(string key, string wanted)
        where T : SpecNode
    {
        var value = this[key];
        if (value is not null and not T)
        {
            Wrong(value, key, wanted);
        }

        return value as T;
    }
}
