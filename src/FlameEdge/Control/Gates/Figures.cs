using System.Globalization;

namespace FlameEdge.Control.Gates;

/// <summary>Figures as reasons show them, and as the kernel's files hold them.</summary>
internal static class Figures
{
    /// <summary>Bytes for people, in decimal megabytes.</summary>
    public static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.#} MB");

    /// <summary>The number a one-line file of the kernel holds; null where the file is absent, unreadable or holds none (such as <c>max</c>).</summary>
    public static long? Read(string path) => long.TryParse(Line(path), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>The first line of a small file; null where it cannot be read. Drivers answer with errors of many kinds while a device comes and goes.</summary>
    public static string? Line(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            return reader.ReadLine()?.Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The folders below one of the kernel's, by name; none where it is absent.</summary>
    public static IReadOnlyList<string> Folders(string path)
    {
        try
        {
            return [.. Directory.EnumerateDirectories(path).Order(StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
