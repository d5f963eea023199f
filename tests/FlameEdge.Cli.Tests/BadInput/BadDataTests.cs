namespace FlameEdge.Cli.Tests.BadInput;

public class BadDataTests
{
    private const string Csv = "format: csv, path: rows.csv, label: y";
    private const string Gzip = "format: csv, path: rows.csv.gz, label: y";
    private const string Idx = "format: idx, path: images.idx, labelsPath: labels.idx";

    private static readonly BadCase[] Cases =
    [
        new("a missing file", bench => bench.UseSource(Csv), [], ExitCode.BadData, "rows.csv", "does not exist", "check the path"),
        new("a folder for a file", bench => { bench.UseSource(Csv); Directory.CreateDirectory(bench["rows.csv"]); }, [], ExitCode.BadData, "rows.csv", "check the path in the job"),
        new("an empty file", bench => With(bench, Csv, "rows.csv", []), [], ExitCode.BadData, "rows.csv"),
        new("a truncated gzip", bench => With(bench, Gzip, "rows.csv.gz", Bench.Packed(Bench.Csv(500))[..^20]), [], ExitCode.BadData, "rows.csv.gz", "truncated or broken", "fetch the file again"),
        new("a flipped byte in a gzip", bench => With(bench, Gzip, "rows.csv.gz", Flipped(Bench.Packed(Bench.Csv(500)))), [], ExitCode.BadData, "rows.csv.gz", "fetch the file again"),
        new("no gzip at all", bench => With(bench, Gzip, "rows.csv.gz", "a,b,y\n1,2,0\n"u8.ToArray()), [], ExitCode.BadData, "rows.csv.gz", "fetch the file again"),
        new("a ragged line", bench => With(bench, Csv, "rows.csv", "a,b,y\n1,2,0\n3,1\n"u8.ToArray()), [], ExitCode.BadData, "rows.csv:3"),
        new("a label beyond its classes", bench => With(bench, Csv + ", classes: 2", "rows.csv", "a,b,y\n1,2,0\n3,1,5\n"u8.ToArray()), [], ExitCode.BadData, "rows.csv", "label 5 is outside 0..1", "correct the file or 'classes'"),
        new("a label column that is not there", bench => With(bench, "format: csv, path: rows.csv, label: z", "rows.csv", "a,b,y\n1,2,0\n"u8.ToArray()), [], ExitCode.BadData, "rows.csv", "'z'"),
        new("a truncated IDX", bench => WithIdx(bench, Bench.Idx(40, 4, 4)[..^9], Bench.Idx(40)), [], ExitCode.BadData, "images.idx", "truncated"),
        new("an IDX cut within its header", bench => WithIdx(bench, Bench.Idx(40, 4, 4)[..7], Bench.Idx(40)), [], ExitCode.BadData, "images.idx", "truncated within its header", "fetch it again"),
        new("an IDX with another magic", bench => WithIdx(bench, [1, 2, .. Bench.Idx(40, 4, 4)[2..]], Bench.Idx(40)), [], ExitCode.BadData, "images.idx", "starts with 01020803", "starts with 000008"),
        new("fewer labels than images", bench => WithIdx(bench, Bench.Idx(40, 4, 4), Bench.Idx(39)), [], ExitCode.BadData, "labels.idx", "39 labels do not fit 40 images", "take the two files of one set"),
        new("images and labels swapped", bench => WithIdx(bench, Bench.Idx(40), Bench.Idx(40, 4, 4)), [], ExitCode.BadData, ".idx", "'paths' takes the images"),
    ];

    public static TheoryData<string> Rows => [.. Cases.Select(one => one.What)];

    [Theory]
    [MemberData(nameof(Rows))]
    public Task Is_refused_in_one_line(string what) => Cases.Single(one => one.What == what).CheckAsync();

    private static void With(Bench bench, string source, string name, byte[] bytes)
    {
        bench.UseSource(source);
        bench.Write(name, bytes);
    }

    private static void WithIdx(Bench bench, byte[] images, byte[] labels)
    {
        With(bench, Idx, "images.idx", images);
        bench.Write("labels.idx", labels);
    }

    private static byte[] Flipped(byte[] bytes)
    {
        bytes[bytes.Length / 2] ^= 0x40;
        return bytes;
    }
}
