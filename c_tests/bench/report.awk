# The report of run.sh: its list of contenders, who could not, the bars, and the measurements.
BEGIN { FS = "|" }

function median(list,    values, n, i, j, swap) {
    n = split(list, values, " ")
    for (i = 2; i <= n; i++) {
        for (j = i; j > 1 && values[j - 1] + 0 > values[j] + 0; j--) {
            swap = values[j]; values[j] = values[j - 1]; values[j - 1] = swap
        }
    }
    lowest = values[1]
    highest = values[n]
    return (values[int((n + 1) / 2)] + values[int((n + 2) / 2)]) / 2
}

function number(value, format) { return value == "" ? "" : sprintf(format, value) }
function has(key, measure) { return (key, measure) in value }

FILENAME ~ /contenders$/ {
    nlabels++
    label_work[nlabels] = $1
    label_name[nlabels] = $2
    label_program[nlabels] = $3
    label[nlabels] = $5
    if (!($1 in first)) { first[$1] = $3 ":" $2; order[++nworks] = $1 }
    next
}

FILENAME ~ /missing$/ { missing[$1 "|" $2] = $3; next }

FILENAME ~ /bars\.txt$/ {
    if ($0 ~ /^[a-z]/) bar[++nbars] = $0
    next
}

# work|library:name|kind|...
{
    key = $1 "|" $2
    measured[$1] = 1
    if ($3 == "times") {
        split($4, field, /[ =]/)
        list[key, "wall"] = list[key, "wall"] " " field[4] / field[2] / 1000
        list[key, "cpu"] = list[key, "cpu"] " " field[6] / field[2] / 1000
        list[key, "peak"] = list[key, "peak"] " " field[8] / 1000
        list[key, "total"] = list[key, "total"] " " field[10] / 1000
        list_of[key] = 1
    } else if ($3 == "fourfold") {
        split($4, field, /[ =]/)
        value[key, "peak4"] = field[8] / 1000
    } else {
        value[key, $3] = $4
    }
}

function line(key, words, w,    ratio_wall, ratio_cpu, base) {
    if (key in missing) {
        printf "| %s | not possible: %s | | | | | | | | |\n", words, missing[key]
        return
    }
    if (!has(key, "wall") && !has(key, "calls") && !has(key, "instructions")) return
    base = w "|" first[w]
    # Ours of the same placement.
    if (key ~ /[-:]same$/) base = w "|dbapi:same"
    if (key ~ /[-:]different$/) base = w "|dbapi:different"
    if (w == "logins") { base = key; sub(/\|[a-z]+:/, "|dbapi:", base) }
    if (has(key, "wall") && has(base, "wall")) {
        ratio_wall = value[base, "wall"] / value[key, "wall"]
        ratio_cpu = value[key, "cpu"] > 0 ? value[base, "cpu"] / value[key, "cpu"] : ""
    }
    printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", words, number(value[key, "wall"], "%.3f"), range[key], number(ratio_wall, "%.2f"), \
        number(value[key, "cpu"], "%.3f"), number(ratio_cpu, "%.2f"), number(value[key, "calls"], "%.2f"), \
        number(value[key, "instructions"], "%.0f"), number(value[key, "peak"], "%.1f"), number(value[key, "peak4"], "%.1f")
}

# The best of those that `beside` names: whose measure is least.
function best(w, beside, measure,    names, n, i, parts, key, found) {
    n = split(beside, names, ",")
    found = ""
    for (key in known) {
        split(key, parts, /[|:]/)
        if (parts[1] != w || !has(key, measure)) continue
        for (i = 1; i <= n; i++) {
            split(names[i], wanted, ":")
            if ((parts[2] == wanted[1] || (parts[2] == "newest" && wanted[1] == "libpq")) && parts[3] == wanted[2]) {
                if (found == "" || value[key, measure] + 0 < found + 0) found = value[key, measure]
            }
        }
    }
    return found
}

END {
    for (key in list_of) {
        known[key] = 1
        value[key, "wall"] = median(list[key, "wall"])
        range[key] = sprintf("%.3f-%.3f", lowest, highest)
        value[key, "cpu"] = median(list[key, "cpu"])
        value[key, "peak"] = median(list[key, "peak"])
        value[key, "total"] = median(list[key, "total"])
        if (has(key, "peak4")) value[key, "more"] = value[key, "peak4"] - value[key, "peak"]
    }
    title["rows"] = "1,000,000 rows x 4 columns; an operation is a row"
    title["wide"] = "100,000 rows x 50 columns; an operation is a row"
    title["point"] = "Point query, the same statement again and again"
    title["one-shot"] = "Statements, all different"
    title["inserts"] = "100,000 inserts of 3 columns; an operation is a row"
    title["connect"] = "Connect and close, trust, Unix socket"
    title["threads"] = "8 threads, 8 connections, point queries; wall time is that of all together"
    title["logins"] = "Connect and close, SCRAM"
    for (w = 1; w <= nworks; w++) {
        if (!measured[order[w]]) continue
        printf "\n%s\n\n", title[order[w]]
        print "| client | wall us | from-to | ours/its | CPU us | ours/its | calls | instructions | peak MB | with 4x rows |"
        print "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
        for (i = 1; i <= nlabels; i++) {
            if (label_work[i] != order[w]) continue
            if (label_program[i] == "libpq") {
                line(label_work[i] "|libpq:" label_name[i], label[i] ", libpq " system_version, order[w])
                if (newest_version != "") line(label_work[i] "|newest:" label_name[i], label[i] ", libpq " newest_version, order[w])
            } else {
                if (label_program[i] == "dbapi" && beside != "") {
                    line(label_work[i] "|beside:" label_name[i], label[i] ", the build beside", order[w])
                }
                line(label_work[i] "|" label_program[i] ":" label_name[i], label[i], order[w])
            }
        }
    }
    print "\n| bar | limit | measured | |\n| --- | ---: | ---: | --- |"
    for (i = 1; i <= nbars; i++) {
        split(bar[i], part, "|")
        if (!measured[part[1]]) continue
        key = part[1] "|" part[2]
        measure = part[3] == "rate" ? "wall" : part[3]
        result = has(key, measure) ? value[key, measure] : ""
        if (result != "" && part[6] != "") {
            peer = best(part[1], part[6], measure)
            if (peer == "" || result <= 0 || peer <= 0) result = ""
            else result = part[3] == "rate" ? peer / result : result / peer
        }
        if (result == "") {
            printf "| %s | %s %s | | %s |\n", part[7], part[4], part[5], key in missing ? "not there yet" : "not measured"
            continue
        }
        shown = result >= 100 ? sprintf("%.0f", result) : sprintf("%.3f", result)
        met = part[4] == "<=" ? shown + 0 <= part[5] + 0 : shown + 0 >= part[5] + 0
        printf "| %s | %s %s | %s | %s |\n", part[7], part[4], part[5], shown, met ? "met" : "**missed**"
    }
}
