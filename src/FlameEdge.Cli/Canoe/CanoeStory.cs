using System.Globalization;
using System.Text;
using FlameEdge.Collaborative.Roles;
using FlameEdge.Diagnostics;

namespace FlameEdge.Cli.Canoe;

/// <summary>What the sites of a job said of themselves: <c>events.jsonl</c> of its output folder, as sentences and figures.</summary>
internal sealed class CanoeStory
{
    private const string FileName = "events.jsonl";
    private const long LargestFileBytes = 256 << 20;
    private readonly IReadOnlyList<CanoeEvent> events;

    private CanoeStory(IReadOnlyList<CanoeEvent> events) => this.events = events;

    /// <summary>The site that asked first; the first that was scored where nobody asked.</summary>
    public string? Target => this.events.FirstOrDefault(line => line.Event == "request")?.Site ?? this.events.FirstOrDefault(line => line.Event == "score")?.Site;

    /// <summary>Bytes of all packets that arrived.</summary>
    public long PacketBytes => this.events.Where(line => line.Event == "received").Sum(line => (long)(line.Bytes ?? 0));

    /// <summary>Requests made.</summary>
    public int Requests => this.events.Count(line => line.Event == "request");

    /// <summary>Reads the story of a job.</summary>
    /// <exception cref="DatasetException">The folder holds no events, or something else.</exception>
    public static CanoeStory Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path) || new FileInfo(path).Length > LargestFileBytes)
        {
            throw new DatasetException($"{path} is not there, or too large to be one: name the --out folder of a finished 'flame-edge run' of a Canoe job");
        }

        List<CanoeEvent> events = [];
        foreach (var (number, line) in File.ReadLines(path).Index())
        {
            events.Add(CanoeEvent.Read(Encoding.UTF8.GetBytes(line)) ?? throw new DatasetException($"{path}:{number + 1} is no event; run the job again"));
        }

        return new CanoeStory(events);
    }

    /// <summary>Batches, from 1, and a site's accuracy after each.</summary>
    public (IReadOnlyList<double> Batches, IReadOnlyList<double> Accuracies) Curve(string site)
    {
        CanoeEvent[] scores = [.. this.events.Where(line => line.Event == "score" && line.Site == site && line.Accuracy is not null).OrderBy(line => line.Batch)];
        return ([.. scores.Select(line => line.Batch + 1.0)], [.. scores.Select(line => line.Accuracy!.Value)]); // Filtered above.
    }

    /// <summary>What happened, a sentence each: when, and what.</summary>
    public IEnumerable<(long Batch, string Text)> Sentences() => this.events.Select(line => (line.Batch + 1, Sentence(line))).Where(line => line.Item2 is not null)!;

    private static string? Sentence(CanoeEvent line)
    {
        var classes = string.Join(" and ", line.Classes ?? []);
        return line.Event switch
        {
            "drift" => $"{line.Site} notices more errors than its own past explains",
            "request" => line.WholeModel == true ? $"{line.Site} finds everything harder and asks for a whole model" : $"{line.Site} meets {classes}, hardly or never seen here, and asks",
            "ranking" => line.Helpers is { Count: > 0 } helpers ? $"{line.Site} ranks {string.Join(", ", helpers.Select(helper => string.Create(CultureInfo.InvariantCulture, $"{helper.Site} ({helper.Score:0.00})")))}" : $"{line.Site} knows nobody who can help",
            "sent" => $"{line.Site} cuts out what it knows and sends {line.Peer} a packet of {line.Bytes} bytes",
            "verdict" when line.Accepted == true => $"{line.Site} tests it on its own rows: {classes} from {line.Peer} is in use",
            "verdict" => $"{line.Site} refuses {classes} from {line.Peer}: {line.Reason}",
            "recalled" => $"{line.Site} takes up again what it was taught of {classes}",
            "retired" => $"{line.Site} knows {classes} by itself now",
            _ => null,
        };
    }
}
