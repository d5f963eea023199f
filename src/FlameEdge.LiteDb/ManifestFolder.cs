using System.Buffers;
using FlameEdge.State;

namespace FlameEdge.LiteDb;

/// <summary>The documents a broken database is rebuilt from, as one JSON file each: <c>{collection}/{key}.json</c>.</summary>
internal sealed class ManifestFolder(string folder)
{
    private const string Extension = ".json";

    /// <summary>Removes what interrupted writes left.</summary>
    public void Sweep()
    {
        if (Directory.Exists(folder))
        {
            foreach (var leftover in Directory.EnumerateFiles(folder, "*.tmp", SearchOption.AllDirectories))
            {
                DurableFile.TryDelete(leftover);
            }
        }
    }

    public void Apply(IEnumerable<StateChange> changes)
    {
        foreach (var change in changes)
        {
            Apply(change);
        }
    }

    private void Apply(StateChange change)
    {
        var path = Path.Combine(folder, change.Collection, Uri.EscapeDataString(change.Key) + Extension);
        if (change.Document is { } document)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            DurableFile.Write(path, new ReadOnlySequence<byte>(document));
        }
        else
        {
            DurableFile.TryDelete(path);
        }
    }

    public IReadOnlyList<StateChange> ReadAll() => !Directory.Exists(folder) ? [] :
    [
        .. Directory.EnumerateFiles(folder, "*" + Extension, SearchOption.AllDirectories).Select(path => new StateChange(
            Path.GetFileName(Path.GetDirectoryName(path)!),
            Uri.UnescapeDataString(Path.GetFileNameWithoutExtension(path)),
            File.ReadAllBytes(path))),
    ];
}
