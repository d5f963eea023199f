using System.Globalization;
using System.Text.RegularExpressions;

namespace FlameEdge.Topology.Reading;

/// <summary>Reads where an entry's rows come from and what its columns mean.</summary>
internal sealed partial class SourceReader(Fields fields, string folder)
{
    /// <summary>Stands in a path for the device's name.</summary>
    public const string DevicePlace = "{device}";

    private const int MaxRange = 65_536;

    /// <summary>The source; null for a dataset that is only named.</summary>
    public SourceSpec? Read()
    {
        var paths = fields.Scalars("path").Concat(fields.Scalars("paths")).ToArray();
        var generator = fields.Mapping("generator");
        var format = fields.OneOf("format", ["csv", "idx", "vibration"]) ?? (generator is not null ? "vibration" : "csv");
        if (paths.Length == 0 && generator is null && fields["format"] is null)
        {
            return null;
        }

        Require(format is "vibration" || paths.Length > 0, "path is missing; name the file");
        Require(format is not "idx" || fields["labelsPath"] is not null, "labelsPath is missing; name the idx file of the labels");
        var (label, bands) = Label();
        return new()
        {
            Format = format,
            Paths = [.. paths.Select(path => Paths.Resolve(path, path.Text, folder, fields.Problems))],
            LabelsPath = fields.Scalar("labelsPath") is { } labels ? Paths.Resolve(labels, labels.Text, folder, fields.Problems) : null,
            Features = [.. Features()],
            Label = label,
            Bands = bands,
            Classes = fields.Whole("classes", 2, 1_000_000),
            Scale = fields.Number("scale", value => value != 0, "a number other than 0") ?? 1,
            Require = [.. fields.Scalars("require").Select(column => column.Text)],
            Rows = Rows(),
            Generator = generator is null ? new Dictionary<string, double>(StringComparer.Ordinal) : new(NumbersOf(generator, "generator"), StringComparer.Ordinal),
        };
    }

    /// <summary>The source of one device.</summary>
    public static SourceSpec OfDevice(SourceSpec source, string device, int index)
    {
        var generator = source.Generator;
        if (source.Format == "vibration" && !generator.ContainsKey("site"))
        {
            generator = new Dictionary<string, double>(generator, StringComparer.Ordinal) { ["site"] = index };
        }

        return source with
        {
            Paths = [.. source.Paths.Select(path => path.Replace(DevicePlace, device, StringComparison.Ordinal))],
            LabelsPath = source.LabelsPath?.Replace(DevicePlace, device, StringComparison.Ordinal),
            Generator = generator,
        };
    }

    private void Require(bool holds, string message)
    {
        if (!holds)
        {
            fields.Problems.Add(fields.Node, $"dataset '{fields.Text("name")}': {message}");
        }
    }

    private (string? Column, IReadOnlyList<double> Bands) Label()
    {
        if (fields["label"] is not SpecMapping node)
        {
            return (fields.Text("label"), []);
        }

        var label = new Fields(node, "label", JobKeys.Label, fields.Problems);
        var bands = label.Numbers("bands");
        if (bands.Zip(bands.Skip(1)).Any(pair => pair.First >= pair.Second))
        {
            label.Wrong(label["bands"]!, "bands", "rising limits");
        }

        return (JobReader.Required(label, "column", "name the label's column")?.Text, bands);
    }

    private IEnumerable<FeatureSpec> Features()
    {
        var items = fields["features"] switch { null => [], SpecSequence list => list.Items, var one => [one] };
        foreach (var item in items)
        {
            var features = item switch
            {
                SpecScalar { IsNull: false } scalar => Columns(scalar),
                SpecMapping mapping => Made(new Fields(mapping, "feature", JobKeys.Feature, fields.Problems)),
                _ => NoColumn(item),
            };
            foreach (var feature in features)
            {
                yield return feature;
            }
        }
    }

    private FeatureSpec[] NoColumn(SpecNode item)
    {
        fields.Wrong(item, "features", "a list of columns, such as p0..p63 or {cycle: hour, period: 24}");
        return [];
    }

    /// <summary>One column, or a range of numbered ones: <c>p0..p63</c>.</summary>
    private IEnumerable<FeatureSpec> Columns(SpecScalar scalar)
    {
        var range = Range().Match(scalar.Text);
        if (!range.Success)
        {
            return [new() { Column = scalar.Text }];
        }

        var first = int.Parse(range.Groups["first"].ValueSpan, CultureInfo.InvariantCulture);
        var last = int.Parse(range.Groups["last"].ValueSpan, CultureInfo.InvariantCulture);
        if (last < first || last - first >= MaxRange)
        {
            fields.Wrong(scalar, "features", $"a rising range of at most {MaxRange} columns");
            return [];
        }

        var stem = range.Groups["stem"].Value;
        return Enumerable.Range(first, last - first + 1).Select(number => new FeatureSpec { Column = $"{stem}{number}" });
    }

    private static IEnumerable<FeatureSpec> Made(Fields feature)
    {
        string[] kinds = ["column", "compass", "cycle"];
        var kind = kinds.Where(kind => feature[kind] is not null).ToArray();
        if (kind is not [var only] || feature.Text(only) is not { Length: > 0 } column)
        {
            feature.Problems.Add(feature.Node, "feature: name exactly one of column, compass or cycle, each with a column");
            return [];
        }

        var period = feature.Number("period", value => value > 0, "a number above 0");
        if (only == "cycle" && period is null)
        {
            feature.Problems.Add(feature.Node, "feature: a cycle needs its period, such as period: 24");
        }

        return [new() { Column = column, Kind = only == "column" ? "value" : only, Period = period ?? 1, Offset = feature.Number("offset") ?? 0 }];
    }

    private RowsSpec Rows()
    {
        if (fields.Mapping("rows") is not { } node)
        {
            return new();
        }

        var rows = new Fields(node, "rows", JobKeys.Rows, fields.Problems);
        return new()
        {
            Where = rows.Mapping("where") is { } where
                ? TopologyReader.Texts(rows, "where", where).DistinctBy(entry => entry.Key.Text).ToDictionary(entry => entry.Key.Text, entry => entry.Value.Text, StringComparer.Ordinal)
                : new Dictionary<string, string>(StringComparer.Ordinal),
            From = rows.Mapping("from") is { } from ? NumbersOf(from, "from") : [],
            Before = rows.Mapping("before") is { } before ? NumbersOf(before, "before") : [],
            First = rows.Whole("first", 0) ?? 0,
            Count = rows.Whole("count", 1),
            Every = rows.Whole("every", 1) ?? 1,
        };
    }

    private List<KeyValuePair<string, double>> NumbersOf(SpecMapping mapping, string key)
    {
        var numbers = new List<KeyValuePair<string, double>>();
        foreach (var (name, scalar) in TopologyReader.Texts(fields, key, mapping).DistinctBy(entry => entry.Key.Text))
        {
            if (Fields.TryNumber(scalar, out var value))
            {
                numbers.Add(new(name.Text, value));
            }
            else
            {
                fields.Wrong(scalar, $"{key} '{name.Text}'", "a number");
            }
        }

        return numbers;
    }

    [GeneratedRegex(@"^(?<stem>.*?)(?<first>\d{1,9})\.\.\k<stem>(?<last>\d{1,9})$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Range();
}
