using System.Diagnostics;
using System.Globalization;

namespace FlameEdge.Benchmarks.Rounds;

/// <summary>What mosquitto's own clients take for the same bytes (tests/round-floor.sh): the limit beside every figure.</summary>
internal sealed class RoundFloor(string script, LoopbackBroker broker, string folder)
{
    // A packet of MQTT ends at 256 MB; a longer model is published in pieces of this.
    private const long PieceBytes = 200_000_000;

    /// <summary>Seconds of one floor round.</summary>
    public async Task<double> MeasureAsync(long bytes, int trainers)
    {
        var pieces = Math.Max(1, (bytes + PieceBytes - 1) / PieceBytes);
        var file = Path.Combine(folder, "floor.bin");
        using (var model = File.Create(file))
        {
            model.SetLength(bytes / pieces);
        }

        using var process = Process.Start(new ProcessStartInfo("bash", [script, $"{broker.Port}", file, $"{trainers}", $"{pieces}"]) { UseShellExecute = false, RedirectStandardOutput = true })!; // Null only with the shell.
        var seconds = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        File.Delete(file);
        return seconds.Split().Where(part => part.Length > 0).Sum(part => double.Parse(part, CultureInfo.InvariantCulture));
    }
}
